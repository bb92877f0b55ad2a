import CassandraBytes

/// Zones by the names that Cassandra takes behind a timestamp: those of the database of zones, short ones such as `CET`,
/// each of which stands for a zone and not for a distance, and distances such as `UTC+02:00`.
enum ZoneName {
  /// The distance of a zone from UTC in seconds at a local time in seconds since 1970; nil for a name that is none.
  static func offset(of name: [UInt8], atLocal local: Int64) -> Int64? {
    if ["UTC", "GMT", "UT"].contains(where: { name.elementsEqual($0.utf8) }) { return 0 }
    if let zone = short[name] { return ZoneDatabase.rules(of: Array(zone.utf8))?.offset(atLocal: local) }
    if let sign = name.firstIndex(where: { $0 == UInt8(ascii: "+") || $0 == UInt8(ascii: "-") }),
      ["UTC", "GMT", "UT"].contains(where: { name[..<sign].elementsEqual($0.utf8) })
    {
      return distance(name[sign...])
    }
    // Java takes what stands behind GMT for a distance, and these are none.
    if name.contains(UInt8(ascii: "+")) || name.starts(with: "Etc/GMT-".utf8) || name.elementsEqual("Factory".utf8) {
      return nil
    }
    return ZoneDatabase.rules(of: name)?.offset(atLocal: local)
  }

  /// A sign, hours and minutes with a colon between them, in seconds.
  private static func distance(_ text: ArraySlice<UInt8>) -> Int64? {
    let text = Array(text)
    guard text.count == 6, text[3] == UInt8(ascii: ":") else { return nil }
    var digits: [Int64] = []
    for place in [1, 2, 4, 5] {
      guard (0x30...0x39).contains(text[place]) else { return nil }
      digits.append(Int64(text[place] - 0x30))
    }
    let (hours, minutes) = (digits[0] * 10 + digits[1], digits[2] * 10 + digits[3])
    guard hours <= 18, minutes < 60 else { return nil }
    let seconds = (hours * 60 + minutes) * 60
    return text[0] == UInt8(ascii: "-") ? -seconds : seconds
  }

  /// The zones that short names stand for: those that a Cassandra took them for when it was asked, in winter and in summer.
  private static let short: [[UInt8]: String] = {
    let lines = """
      Europe/Paris CET CEST
      Europe/Athens EET EEST
      Europe/Lisbon WET WEST
      Europe/Moscow MSK MSD MT
      Europe/Istanbul TRT
      America/New_York EST EDT ET
      America/Chicago CST CDT CT
      America/Denver MST MDT
      America/Los_Angeles PST PDT PT
      America/Anchorage AKST AKDT
      America/Halifax AST ADT
      America/St_Johns NST NDT
      America/Nuuk WGT
      America/Miquelon PMST
      America/Sao_Paulo BRT BRST
      America/Argentina/Buenos_Aires ART
      America/Santiago CLT CLST
      America/Bogota COT
      America/Guayaquil ECT
      America/Caracas VET
      America/Montevideo UYT
      America/Manaus AMT ACST ACT
      Atlantic/Stanley FKT
      Atlantic/South_Georgia GST
      Atlantic/Reykjavik IST
      Pacific/Honolulu HST HDT HAST HADT
      Pacific/Pago_Pago SST
      Pacific/Auckland NZST NZDT
      Pacific/Norfolk NFT
      Pacific/Bougainville BST
      Australia/Sydney AEST AEDT AET
      Australia/Adelaide ACDT
      Australia/Perth AWST AWDT
      Asia/Tokyo JST
      Asia/Seoul KST
      Asia/Hong_Kong HKT
      Asia/Singapore SGT
      Asia/Kuala_Lumpur MYT
      Asia/Jakarta WIB
      Asia/Makassar WITA
      Asia/Jayapura WIT
      Asia/Bangkok ICT
      Asia/Yangon MMT
      Asia/Dhaka BDT BTT
      Asia/Kathmandu NPT
      Asia/Kolkata IDT
      Asia/Karachi PKT
      Asia/Tashkent UZT
      Asia/Tehran IRST IRDT
      Asia/Baku AZT
      Asia/Tbilisi GET
      Asia/Yekaterinburg YEKT
      Asia/Omsk OMST
      Asia/Krasnoyarsk KRAT
      Asia/Kamchatka PETT
      Asia/Ulaanbaatar ULAT
      Africa/Nairobi EAT
      Africa/Maputo CAT
      Africa/Lagos WAT WAST
      Africa/Johannesburg SAST
      """
    var zones: [[UInt8]: String] = [:]
    for line in lines.utf8.split(separator: UInt8(ascii: "\n")) {
      let words = line.split(separator: UInt8(ascii: " "))
      guard let zone = words.first else { continue }
      for name in words.dropFirst() { zones[Array(name)] = String(Substring(zone)) }
    }
    return zones
  }()
}
