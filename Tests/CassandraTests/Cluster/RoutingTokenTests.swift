import CassandraBytes
import CassandraWire
import Foundation
import Testing

@testable import Cassandra

/// Where partitions belong, as the driver for Python says it.
@Suite struct RoutingTokenTests {
  private struct Key {
    var types: [CQLType]
    var values: [[UInt8]]
    var serialized: [UInt8]
    var token: Int64
  }

  private static func bytes(_ digits: Substring) -> [UInt8] {
    guard digits != "-" else { return [] }
    let digits = digits.utf8.map { hexadecimalValue($0) ?? 0 }
    return stride(from: 0, to: digits.count, by: 2).map { digits[$0] << 4 | digits[$0 + 1] }
  }

  private static func keys() throws -> [Key] {
    let url = try #require(
      Bundle.module.url(forResource: "routing-keys.txt", withExtension: nil, subdirectory: "Fixtures"))
    return try String(contentsOf: url, encoding: .utf8).split(separator: "\n").filter { !$0.hasPrefix("#") }.map {
      line in
      let parts = line.split(separator: "\t")
      return Key(
        types: parts[0].split(separator: " ").map { CQLType(marshalClassName: String($0)) },
        values: parts[1].split(separator: " ").map { bytes($0) }, serialized: bytes(parts[2]),
        token: try #require(Int64(parts[3])))
    }
  }

  /// A statement whose partition key are its markers in another order than the columns', as they may stand in a WHERE.
  private func prepared(_ types: [CQLType], _ places: [Int]) throws -> PreparedStatement {
    var columns = Array(repeating: ColumnSpecification(keyspace: "k", table: "t", name: "v", type: .text), count: 1)
    var indexes = Array(repeating: UInt16(0), count: types.count)
    for place in places {
      indexes[place] = UInt16(columns.count)
      columns.append(ColumnSpecification(keyspace: "k", table: "t", name: "c\(place)", type: types[place]))
    }
    return try PreparedStatement(
      key: StatementKey("SELECT"), kind: StatementKind("SELECT"),
      result: PreparedResult(
        id: [1], resultMetadataID: [2],
        parameters: PreparedMetadata(columns: columns, partitionKeyIndexes: indexes),
        result: ResultMetadata(columnCount: 0)), version: .v5)
  }

  @Test func tokensAreThoseOfTheDriverForPython() throws {
    let keys = try Self.keys()
    #expect(keys.count == 1000)
    #expect(Set(keys.map(\.types.count)) == [1, 2, 3, 4])
    for key in keys {
      let values = try key.values.indices.map { index in
        let bytes = key.values[index]
        return try CQLValue.decode(bytes.span, as: key.types[index])
      }
      for places in [Array(key.types.indices), key.types.indices.reversed()] {
        let prepared = try prepared(key.types, places)
        let bound: [any CQLEncodable] = ["not of the key"] + places.map { values[$0] }
        let names = ["v"] + places.map { "c\($0)" }
        for statement in [
          Statement("SELECT", bound), Statement("SELECT", named: Dictionary(uniqueKeysWithValues: zip(names, bound))),
        ] {
          var serialized: [UInt8] = []
          #expect(statement.appendRoutingKey(prepared, into: &serialized))
          #expect(serialized == key.serialized, "\(key.types) \(values)")
          #expect(Murmur3.token(serialized.span) == key.token, "\(key.types) \(values)")
        }
      }
    }
  }

  @Test func interpolatedValuesHaveTheSameKeys() throws {
    for key in try Self.keys() where key.types.count == 1 {
      let bytes = key.values[0]
      let value = try CQLValue.decode(bytes.span, as: key.types[0])
      let statement: Statement
      switch value {
      case .text(let text): statement = "SELECT \("x") \(text)"
      case .int(let number): statement = "SELECT \("x") \(Int(number))"
      case .bigint(let number): statement = "SELECT \("x") \(Int(number))"
      default: continue
      }
      var serialized: [UInt8] = []
      #expect(statement.appendRoutingKey(try prepared(key.types, [0]), into: &serialized))
      #expect(Murmur3.token(serialized.span) == key.token)
    }
  }

  @Test func whatIsNoKeyIsNotRouted() throws {
    var serialized: [UInt8] = []
    let one = try prepared([.int], [0])
    #expect(!Statement("SELECT", ["x", Int?.none]).appendRoutingKey(one, into: &serialized))
    #expect(!Statement("SELECT", ["x", CQLUnset()]).appendRoutingKey(one, into: &serialized))
    #expect(!Statement("SELECT", ["x"]).appendRoutingKey(one, into: &serialized))
    #expect(!Statement("SELECT", ["x", "no number"]).appendRoutingKey(one, into: &serialized))
    // A part of a key has at most 65,535 bytes.
    let two = try prepared([.text, .text], [0, 1])
    let long = String(repeating: "x", count: 65_536)
    #expect(!Statement("SELECT", ["x", "a", long]).appendRoutingKey(two, into: &serialized))
  }
}
