internal import CassandraWire
internal import Cassandra
internal import CassandraReactor
internal import CassandraTelemetry

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#else
  internal import Darwin
#endif

/// Bounds of what `fieldguide doctor` waits for.
struct DoctorLimits: Sendable {
  /// Looking up a name: 5 s.
  var nameLookUp: Duration = .seconds(5)
  /// Connecting to one address, TLS included: 5 s.
  var connect: Duration = .seconds(5)
  /// Connecting to a database and logging in: 15 s.
  var login: Duration = .seconds(15)
  /// One query: 10 s.
  var query: Duration = .seconds(10)
  /// Addresses of a name that are tried: 8.
  var addresses = 8
  /// Nodes that a cluster is asked of: 4,096, as many as the driver takes.
  var peers = 4_096
  /// Nodes behind a proxy that are tried: 16.
  var nodes = 16
}

/// Looks at what is outside of the program, and judges nothing.
struct Probe: Sendable {
  let loops: EventLoops
  var limits = DoctorLimits()
  let logger: CassandraLogger

  private var loop: EventLoop { loops[0] }

  /// Seconds since 1970.
  static var now: Int { time(nil) }

  /// Milliseconds since 1970.
  static var milliseconds: Int64 {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
  }

  /// The addresses of a name.
  func addresses(of host: String, port: Int) async -> Result<[SocketAddress], ReactorError> {
    let (loop, limit) = (loop, limits.nameLookUp)
    return await loop.run {
      do throws(ReactorError) { return .success(try await loop.resolve(host, port: port, timeout: limit)) } catch {
        return .failure(error)
      }
    }
  }

  /// Whether something takes connections at an address.
  func connection(to address: SocketAddress) async -> ReactorError? {
    switch await contact(address, tls: nil) {
    case .success: nil
    case .failure(let error): error
    }
  }

  /// What TLS to an address comes to.
  func secureContact(with address: SocketAddress, tls: TLSClient) async -> Result<SecureContact, ReactorError> {
    await contact(address, tls: tls)
  }

  private func contact(_ address: SocketAddress, tls: TLSClient?) async -> Result<SecureContact, ReactorError> {
    var options = ConnectOptions()
    options.timeout = limits.connect
    options.tls = tls
    let (loop, chosen) = (loop, options)
    return await loop.run {
      do throws(ReactorError) {
        let transport = try await Transport.connect(to: address, on: loop, options: chosen)
        defer { transport.close() }
        let facts = transport.tlsFacts
        return .success(
          SecureContact(
            version: facts?.version ?? "", certificate: facts?.peerCertificate.map { CertificateDates($0) }))
      } catch { return .failure(error) }
    }
  }

  /// What the nodes of a directory are.
  func nodes(of directory: any ClusterDirectory) async -> Result<ClusterMap, CassandraError> {
    let loop = loop
    return await loop.run {
      do throws(CassandraError) { return .success(try await directory.locateNodes(on: loop)) } catch {
        return .failure(error)
      }
    }
  }

  /// What a database says of itself once we are in.
  func login(_ database: ClientConfiguration) async -> Result<ServerFacts, CassandraError> {
    await session(database) { client in
      let row = try await client.query(
        "SELECT data_center, release_version, native_protocol_version FROM system.local WHERE key = 'local'",
        options: QueryOptions(consistency: .one, timeout: limits.login)
      ).first()
      return ServerFacts(
        datacenter: try row?.decode(String?.self, "data_center") ?? "",
        release: try row?.decode(String?.self, "release_version") ?? "",
        newestProtocol: try row?.decode(String?.self, "native_protocol_version") ?? "")
    }
  }

  /// Why a table of the keyspace in the configuration cannot be read; nil when it can.
  func read(_ table: GuideTable, _ database: ClientConfiguration) async -> CassandraError? {
    let text = "SELECT \(table.columns) FROM \(table.name) LIMIT 1"
    let result = await session(database) { client in
      _ = try await client.query(Statement(unsafeCQL: text), options: QueryOptions(timeout: limits.query)).first()
    }
    switch result {
    case .success: return nil
    case .failure(let error): return error
    }
  }

  func session<Value: Sendable>(
    _ database: ClientConfiguration, _ body: (CassandraClient) async throws -> Value
  ) async -> Result<Value, CassandraError> {
    do {
      return .success(try await CassandraClient.withClient(database, loops: loops, logger: logger, body))
    } catch let error as CassandraError {
      return .failure(error)
    } catch {
      return .failure(
        CassandraError(.protocolViolation, "The database sent what cannot be read: \(error)", cause: error))
    }
  }
}

/// What a database says of itself.
struct ServerFacts: Sendable, Equatable {
  /// The data centre of the node that was asked.
  var datacenter: String
  /// The version of its program.
  var release: String
  /// The newest version of the protocol that it speaks.
  var newestProtocol: String
}

/// A table of the guide, as its queries need it.
enum GuideTable: String, CaseIterable, Sendable {
  case animals
  case plants

  var name: String { rawValue }

  var columns: String {
    switch self {
    case .animals: "genus, species, image_url, size_cm, sightings, taxonomy"
    case .plants: "genus, species, sightings"
    }
  }
}
