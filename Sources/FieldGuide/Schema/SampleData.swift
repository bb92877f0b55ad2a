/// The rows of the guide: three animals, and the plantains of the world.
enum SampleData {
  static let animals:
    [(genus: String, species: String, imageURL: String, sizeCm: Float, sightings: Int, taxonomy: [String])] =
      [
        (
          "Vanessa", "cardui", "https://imgur.com/WrPsKkD", 5.5, 12,
          ["Arthropoda", "Insecta", "Lepidoptera", "Nymphalidae"]
        ),
        (
          "Vanessa", "atalanta", "https://imgur.com/2fSEnt1", 4.8, 43,
          ["Arthropoda", "Insecta", "Lepidoptera", "Nymphalidae"]
        ),
        (
          "Saitis", "barbipes", "https://imgur.com/coVy27e", 0.6, 4,
          ["Arthropoda", "Arachnida", "Aranea", "Salticidae"]
        ),
      ]

  /// The species of the genus Plantago, with their sightings.
  static let plants: [(species: String, sightings: Int)] = [
    ("afra", 3), ("africana", 2), ("aitchisonii", 4), ("alpina", 6), ("amplexicaulis", 5), ("arborescens", 2),
    ("arenaria", 4), ("argentea", 3), ("aristata", 5), ("asiatica", 7), ("aucklandica", 1), ("bigelovii", 3),
    ("canescens", 5), ("coreana", 4), ("cordata", 6), ("coronopus", 3), ("cornuti", 2), ("cretica", 4),
    ("cynops", 6), ("debilis", 5), ("elongata", 2), ("erecta", 4), ("eriopoda", 3), ("erosa", 5), ("fernandezia", 7),
    ("fischeri", 1), ("gentianoides", 3), ("glabrifolia", 5), ("grayana", 4), ("hawaiensis", 6), ("hedleyi", 3),
    ("helleri", 2), ("heterophylla", 4), ("hillebrandii", 6), ("himalaica", 5), ("holosteum", 2), ("hookeriana", 4),
    ("incisa", 3), ("indica", 5), ("krajinai", 7), ("lagopus", 1), ("lanceolata", 3), ("lanigera", 5),
    ("leiopetala", 4), ("longissima", 6), ("macrocarpa", 3), ("major", 2), ("maritima", 4), ("maxima", 6),
    ("media", 5), ("melanochrous", 2), ("moorei", 4), ("musicola", 3), ("nivalis", 5), ("nubicola", 7),
    ("obconica", 1), ("ovata", 3), ("pachyphylla", 5), ("palmata", 4), ("patagonica", 6), ("polysperma", 3),
    ("princeps", 2), ("purshii", 4), ("pusilla", 6), ("psyllium", 5), ("raoulii", 2), ("rapensis", 4), ("remota", 3),
    ("reniformis", 5), ("rhodosperma", 7), ("rigida", 1), ("robusta", 3), ("rugelii", 5), ("rupicola", 4),
    ("schneideri", 6), ("sempervirens", 3), ("sparsiflora", 2), ("spathulata", 4), ("subnuda", 6), ("tanalensis", 5),
    ("taqueti", 2), ("tenuiflora", 4), ("triandra", 3), ("triantha", 5), ("tweedyi", 7), ("virginica", 1),
    ("winteri", 3), ("wrightiana", 5),
  ]
}
