import CassandraFoundation
import Foundation

func statement(id: UUID, at moment: Date) -> Statement { "INSERT INTO t (id, moment) VALUES (\(id), \(moment))" }
