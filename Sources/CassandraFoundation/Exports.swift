// Foundation's types for the values of the driver.

@_exported public import Cassandra
