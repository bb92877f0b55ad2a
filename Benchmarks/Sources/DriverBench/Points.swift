import Cassandra
import Measuring
import CassandraReactor
import Synchronization

/// Many requests for one row each.
struct Points: Sendable {
  let client: CassandraClient
  let work: Work

  private final class Tickets: Sendable {
    private let next: Atomic<Int>
    private let end: Int

    init(_ range: Range<Int>) {
      next = Atomic(range.lowerBound)
      end = range.upperBound
    }

    func take() -> Int? {
      let ticket = next.add(1, ordering: .relaxed).oldValue
      return ticket < end ? ticket : nil
    }
  }

  func run(count: Int, concurrency: Int, on loop: EventLoop) async throws -> Figures {
    let warm = count / 10
    _ = try await phase(0..<warm, concurrency, loop)
    let began = Usage.now
    let latencies = try await phase(warm..<count, concurrency, loop)
    return Figures(operations: count - warm, began: began, ended: .now, latencies: latencies)
  }

  private func phase(_ range: Range<Int>, _ concurrency: Int, _ loop: EventLoop) async throws -> Histogram {
    let tickets = Tickets(range)
    return try await withThrowingTaskGroup(of: Histogram.self) { group in
      for _ in 0..<concurrency {
        group.addTask(executorPreference: loop) {
          var latencies = Histogram()
          while let ticket = tickets.take() {
            let began = Usage.nanoseconds
            try await operation(ticket)
            latencies.record(Usage.nanoseconds - began)
          }
          return latencies
        }
      }
      var all = Histogram()
      for try await latencies in group { all.add(latencies) }
      return all
    }
  }

  private func operation(_ index: Int) async throws {
    switch work {
    case .read:
      let (genus, species) = ("Vanellus", "cristatus")
      let rows = try await client.query(
        """
        SELECT genus, species, image_url, size_cm, sightings, taxonomy FROM animals
        WHERE genus = \(genus) AND species = \(species)
        """)
      guard let row = try await rows.first((String, String, String?, Float?, Int?, [String]).self) else {
        throw Missing()
      }
      let animal = Animal(
        genus: row.0, species: row.1, imageURL: row.2, sizeCm: row.3, sightings: row.4, taxonomy: row.5)
      guard animal.taxonomy.count == 5 else { throw Missing() }
    case .write: try await insert("Bench", "s\(index)", index)
    case .scatter: try await insert("Genus \(index)", "s\(index)", index)
    case .load: try await insert("Million", "species-number-\(padded(index))", index)
    case .page, .pageBorrowed, .json: break
    }
  }

  private func insert(_ genus: String, _ species: String, _ sightings: Int) async throws {
    try await client.query("INSERT INTO plants (genus, species, sightings) VALUES (\(genus), \(species), \(sightings))")
  }

  private func padded(_ index: Int) -> String {
    let digits = String(index)
    return String(repeating: "0", count: max(0, 7 - digits.count)) + digits
  }
}

/// The animal that is read is not there.
struct Missing: Error {}
