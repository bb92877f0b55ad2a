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

  /// Carries out a check of the value called `name`. Pointers are put together only for what is wrong, on the way out.
  mutating func within<Result>(_ name: String, _ check: (inout Findings) -> Result) -> Result {
    let before = errors.count
    let result = check(&self)
    if errors.count > before { prepend(JSONPointer().appending(name), from: before) }
    return result
  }

  /// Carries out a check of the element at `index`.
  mutating func within<Result>(_ index: Int, _ check: (inout Findings) -> Result) -> Result {
    let before = errors.count
    let result = check(&self)
    if errors.count > before { prepend(JSONPointer().appending(index), from: before) }
    return result
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
