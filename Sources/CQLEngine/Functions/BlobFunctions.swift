import CassandraBytes
import CQLLanguage
import CassandraWire

/// Functions that take the bytes of a value as a blob and back.
enum BlobFunctions {
  static let all: [ScalarFunction] = NativeType.allCases.filter { $0 != .blob }.flatMap { native in
    let name = native.rawValue
    let type = native.wire
    return ["\(name)_as_blob", "\(name)asblob"].map { ScalarFunction($0, type, .blob, ofOne: { Array($0) }) }
      + ["blob_as_\(name)", "blobas\(name)"].map { function in
        ScalarFunction(
          function, .blob, type,
          ofOne: { value throws(EngineFailure) in
            do throws(EngineFailure) {
              try ValueCheck.validate(value.span, type)
            } catch {
              var digits: [UInt8] = Array("0x".utf8)
              digits.append(hexadecimal: value.span)
              throw EngineFailure.invalid(
                "In call to function system.\(function), value \(String(decoding: digits, as: UTF8.self)) is not a valid "
                  + "binary representation for type \(type)")
            }
            return Array(value)
          })
      }
  }
}
