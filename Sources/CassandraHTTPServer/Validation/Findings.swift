internal import CassandraJSON

/// What is wrong in an input, place by place: up to ``Problem/maximumErrors``, since an input can hold many times more
/// than anybody wants to read.
public struct Findings: Sendable {
  /// What is told.
  private(set) var errors: [Problem.Detail] = []
  /// How much is wrong.
  private(set) var count = 0

  /// Reports that the value at hand is wrong.
  public mutating func report(_ detail: @autoclosure () -> String) {
    count += 1
    guard errors.count < Problem.maximumErrors else { return }
    errors.append(Problem.Detail(pointer: "", detail: detail()))
  }

  // Pointers are put together only for what is wrong, on the way out.

  /// How much is told so far, for what is found next to be given its place.
  var told: Int { errors.count }

  /// What was told after `before` of the value called `name`.
  @inline(__always)
  mutating func place(_ name: @autoclosure () -> String, since before: Int) {
    if errors.count > before { prepend(JSONPointer().appending(name()), from: before) }
  }

  /// What was told after `before` of the element at `index`.
  @inline(__always)
  mutating func place(_ index: Int, since before: Int) {
    if errors.count > before { prepend(JSONPointer().appending(index), from: before) }
  }

  /// Takes over what another check has found.
  mutating func take(_ others: Findings) {
    count += others.count
    errors += others.errors.prefix(Problem.maximumErrors - errors.count)
  }

  private mutating func prepend(_ pointer: JSONPointer, from first: Int) {
    for index in first..<errors.count { errors[index].pointer = pointer.description + errors[index].pointer }
  }
}
