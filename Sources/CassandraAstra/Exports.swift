// A program that connects to Astra DB needs the driver as well.

@_exported public import Cassandra
