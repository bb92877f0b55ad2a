// Prints random values of some types in the order in which Cassandra's own classes put them.
//
//     javac -cp "LIB/*" -d OUT OrderWithCassandra.java
//     java -cp "LIB/*:OUT" OrderWithCassandra 2>/dev/null | grep '^[#a-z]' > ../Fixtures/cassandra-order.txt
//
// LIB is the folder with the jars of Apache Cassandra 5.0 and what they depend on. A line has the type and the values in
// hexadecimal digits, in their order.

import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

import org.apache.cassandra.db.marshal.*;
import org.apache.cassandra.utils.ByteBufferUtil;

public class OrderWithCassandra
{
    static final Random random = new Random(1);

    static ByteBuffer bytes(int length)
    {
        byte[] bytes = new byte[length];
        random.nextBytes(bytes);
        return ByteBuffer.wrap(bytes);
    }

    static ByteBuffer uuid(int version, long time)
    {
        ByteBuffer uuid = bytes(16);
        if (version == 1)
            uuid.putLong(0, time << 32 | (time >> 16 & 0xffff0000L) | time >> 48 & 0xfff);
        uuid.putLong(0, uuid.getLong(0) & ~0xf000L | (long) version << 12);
        return uuid;
    }

    static void print(AbstractType<?> type, List<ByteBuffer> values)
    {
        values.sort(type);
        StringBuilder line = new StringBuilder(type.asCQL3Type().toString());
        for (ByteBuffer value : values)
            line.append(' ').append(ByteBufferUtil.bytesToHex(value));
        System.out.println(line);
    }

    public static void main(String[] arguments)
    {
        System.out.println("# Made by Scripts/OrderWithCassandra.java; see there.");
        List<ByteBuffer> uuids = new ArrayList<>(), timeuuids = new ArrayList<>(), addresses = new ArrayList<>(), numbers = new ArrayList<>();
        for (int i = 0; i < 30; i++)
        {
            long time = random.nextInt(3) == 0 ? 7L : random.nextLong() >>> 4;
            uuids.add(uuid(i % 3 == 0 ? 1 : i % 3 == 1 ? 4 : random.nextInt(16), time));
            timeuuids.add(uuid(1, time));
            addresses.add(bytes(i % 2 == 0 ? 4 : 16));
            BigInteger number = new BigInteger(random.nextInt(130), random);
            numbers.add(ByteBuffer.wrap((i % 2 == 0 ? number : number.negate()).toByteArray()));
        }
        print(UUIDType.instance, uuids);
        print(TimeUUIDType.instance, timeuuids);
        print(InetAddressType.instance, addresses);
        print(IntegerType.instance, numbers);
        System.exit(0);
    }
}
