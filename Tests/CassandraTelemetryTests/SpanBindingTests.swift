import Testing

@testable import CassandraTelemetry

@Suite(.timeLimit(.minutes(5))) struct SpanBindingTests {
  @Test func theSpanOfTheRequestIsTheTasksAndItsChildrens() async {
    let binding = SpanBinding()
    weak var scope: SpanScope?
    #expect(SpanContext.current == nil)
    await binding.bind {
      scope = SpanScope.current
      for context in [SpanContext(), nil, SpanContext()] {
        binding.begin(context)
        #expect(SpanContext.current == context)
        async let child = SpanContext.current
        let ofChild = await child
        #expect(ofChild == context)
        await withTaskGroup { group in
          group.addTask { SpanContext.current }
          for await ofMember in group { #expect(ofMember == context) }
        }
        #expect(!binding.isShared)
      }
    }
    #expect(SpanContext.current == nil && scope == nil)
  }

  /// A task that was made for one request keeps its span while the next are served.
  @Test func whatOutlivesARequestKeepsItsSpan() async {
    let binding = SpanBinding()
    let (one, two) = (SpanContext(), SpanContext())
    let (gate, opening) = AsyncStream.makeStream(of: Void.self)
    weak var scope: SpanScope?
    let kept = await binding.bind {
      scope = SpanScope.current
      binding.begin(one)
      let kept = Task {
        for await _ in gate {}
        return SpanContext.current
      }
      #expect(binding.isShared)
      return kept
    }
    await binding.bind {
      #expect(!binding.isShared)
      binding.begin(two)
      #expect(SpanContext.current == two)
    }
    #expect(scope != nil)
    opening.finish()
    #expect(await kept.value == one)
  }

  @Test func aSpanOfOnesOwn() async {
    let (one, two) = (SpanContext(), SpanContext())
    let binding = SpanBinding()
    await binding.bind {
      binding.begin(one)
      await SpanContext.withCurrent(two) {
        #expect(SpanContext.current == two)
        SpanContext.withCurrent(nil) { #expect(SpanContext.current == nil) }
        await Task.yield()
        #expect(SpanContext.current == two)
      }
      #expect(SpanContext.current == one)
    }
  }
}
