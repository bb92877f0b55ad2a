/// The part of swift-service-lifecycle's API that a service conforms to.
public protocol Service: Sendable {
  func run() async throws
}
