print(try await node())
