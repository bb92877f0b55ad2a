// Drives a node with gocql: schema, types, paging, prepared statements, batches, conditions.
//
// usage: check HOST PORT
package main

import (
	"fmt"
	"math/big"
	"net"
	"os"
	"reflect"
	"strconv"
	"sync"
	"time"

	"github.com/gocql/gocql"
	"gopkg.in/inf.v0"
)

func must(err error) {
	if err != nil {
		panic(err)
	}
}

func check(condition bool, what string, found ...interface{}) {
	if !condition {
		panic(fmt.Sprintf("%s: %v", what, found))
	}
}

func connect(version int, keyspace string) *gocql.Session {
	port, err := strconv.Atoi(os.Args[2])
	must(err)
	cluster := gocql.NewCluster(os.Args[1])
	cluster.Port = port
	cluster.ProtoVersion = version
	cluster.Keyspace = keyspace
	cluster.Consistency = gocql.One
	cluster.Timeout = 20 * time.Second
	session, err := cluster.CreateSession()
	must(err)
	return session
}

func run(version int) {
	session := connect(version, "")
	must(session.Query("DROP KEYSPACE IF EXISTS gopher").Exec())
	must(session.Query("CREATE KEYSPACE gopher WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1}").Exec())
	session.Close()
	session = connect(version, "gopher")
	defer session.Close()

	must(session.Query(`CREATE TABLE types (k int PRIMARY KEY, a ascii, b bigint, c blob, d boolean, e decimal, f double,
		g float, h inet, i text, j timestamp, l timeuuid, m uuid, n varint, o list<int>, p map<text, int>, q set<text>)`).Exec())
	id, now := gocql.TimeUUID(), time.Unix(1700000000, 123000000).UTC()
	big1, _ := new(big.Int).SetString("123456789012345678901234567890", 10)
	decimal := inf.NewDec(-12345, 3)
	insert := "INSERT INTO types (k, a, b, c, d, e, f, g, h, i, j, l, m, n, o, p, q) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
	must(session.Query(insert, 1, "ascii", int64(1)<<62, []byte{0, 255}, true, decimal, 2.5, float32(1.5),
		net.ParseIP("127.0.0.1"), "tëxt", now, id, id, big1, []int{3, 1, 2}, map[string]int{"x": 1}, []string{"a", "b"}).Exec())
	row := map[string]interface{}{}
	must(session.Query("SELECT * FROM types WHERE k = ?", 1).MapScan(row))
	check(row["b"].(int64) == int64(1)<<62 && row["i"] == "tëxt" && row["d"] == true && row["f"] == 2.5, "scalars", row)
	check(row["n"].(*big.Int).Cmp(big1) == 0 && row["e"].(*inf.Dec).Cmp(decimal) == 0, "numbers", row)
	check(row["j"].(time.Time).Equal(now) && row["l"] == id && row["m"] == id, "times", row)
	check(reflect.DeepEqual(row["o"], []int{3, 1, 2}) && reflect.DeepEqual(row["q"], []string{"a", "b"}), "collections", row)
	check(reflect.DeepEqual(row["p"], map[string]int{"x": 1}), "map", row)

	must(session.Query("CREATE TABLE many (k int, c int, v text, PRIMARY KEY (k, c))").Exec())
	var group sync.WaitGroup
	for worker := 0; worker < 10; worker++ {
		group.Add(1)
		go func(worker int) {
			defer group.Done()
			for c := 0; c < 200; c++ {
				must(session.Query("INSERT INTO many (k, c, v) VALUES (?, ?, ?)", worker, c, fmt.Sprint(c)).Exec())
			}
		}(worker)
	}
	group.Wait()
	for _, size := range []int{7, 100, 5000} {
		count, k, c := 0, 0, 0
		iter := session.Query("SELECT k, c FROM many").PageSize(size).Iter()
		for iter.Scan(&k, &c) {
			count++
		}
		must(iter.Close())
		check(count == 2000, "paging", size, count)
	}
	batch := session.NewBatch(gocql.LoggedBatch)
	for c := 0; c < 20; c++ {
		batch.Query("INSERT INTO many (k, c, v) VALUES (?, ?, ?)", 99, c, "batch")
	}
	must(session.ExecuteBatch(batch))
	count := 0
	must(session.Query("SELECT count(*) FROM many WHERE k = 99").Scan(&count))
	check(count == 20, "batch", count)

	applied, err := session.Query("INSERT INTO many (k, c, v) VALUES (99, 1, 'x') IF NOT EXISTS").MapScanCAS(map[string]interface{}{})
	must(err)
	check(!applied, "condition")
	check(session.Query("SELECT * FROM nosuch").Exec() != nil, "an error")

	metadata, err := session.KeyspaceMetadata("gopher")
	must(err)
	table := metadata.Tables["many"]
	check(table != nil && len(table.PartitionKey) == 1 && len(table.ClusteringColumns) == 1, "metadata", metadata.Tables)
	must(session.Query("DROP KEYSPACE gopher").Exec())
	fmt.Printf("gocql, protocol %d: good\n", version)
}

func main() {
	for _, version := range []int{3, 4} {
		run(version)
	}
}
