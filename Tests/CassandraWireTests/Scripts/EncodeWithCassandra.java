// Prints bodies of responses that no healthy node sends on demand, as Cassandra's own classes encode them.
//
//     javac -cp "LIB/*" -d OUT EncodeWithCassandra.java
//     java -cp "LIB/*:OUT" EncodeWithCassandra 2>/dev/null | grep '^[#a-z]' > ../Fixtures/cassandra-encoded.txt
//
// LIB is the folder with the jars of Apache Cassandra 5.0 and what they depend on. A line has a name, the version of the
// protocol, the opcode, the flags and the body in hexadecimal digits.

import java.net.InetAddress;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import org.apache.cassandra.cql3.functions.FunctionName;
import org.apache.cassandra.db.ConsistencyLevel;
import org.apache.cassandra.db.WriteType;
import org.apache.cassandra.exceptions.*;
import org.apache.cassandra.locator.InetAddressAndPort;
import org.apache.cassandra.transport.Event;
import org.apache.cassandra.transport.Message;
import org.apache.cassandra.transport.ProtocolException;
import org.apache.cassandra.transport.ProtocolVersion;
import org.apache.cassandra.transport.ServerError;
import org.apache.cassandra.transport.messages.*;
import org.apache.cassandra.utils.MD5Digest;

public class EncodeWithCassandra
{
    static void print(String name, Message.Response message, ProtocolVersion version)
    {
        Message.Codec codec = message.type.codec;
        ByteBuf body = Unpooled.buffer(codec.encodedSize(message, version));
        codec.encode(message, body, version);
        String digits = ByteBufUtil.hexDump(body);
        System.out.println(name + " " + version.asInt() + " " + message.type.opcode + " 0 "
                           + (digits.isEmpty() ? "-" : digits));
    }

    static void print(String name, Exception error, ProtocolVersion version)
    {
        print("error-" + name, ErrorMessage.fromException(error), version);
    }

    public static void main(String[] arguments) throws Exception
    {
        System.out.println("# Made by Scripts/EncodeWithCassandra.java; see there.");
        Map<InetAddressAndPort, RequestFailureReason> failures = new LinkedHashMap<>();
        failures.put(InetAddressAndPort.getByAddress(InetAddress.getByName("192.0.2.1")), RequestFailureReason.TIMEOUT);
        Map<InetAddressAndPort, RequestFailureReason> two = new LinkedHashMap<>(failures);
        two.put(InetAddressAndPort.getByAddress(InetAddress.getByName("2001:db8::1")),
                RequestFailureReason.READ_TOO_MANY_TOMBSTONES);
        InetAddressAndPort v4 = InetAddressAndPort.getByNameOverrideDefaults("192.0.2.7", 9042);
        InetAddressAndPort v6 = InetAddressAndPort.getByNameOverrideDefaults("2001:db8::7", 65535);
        ConsistencyLevel quorum = ConsistencyLevel.QUORUM;
        for (ProtocolVersion version : new ProtocolVersion[]{ ProtocolVersion.V3, ProtocolVersion.V4, ProtocolVersion.V5 })
        {
            print("server", new ServerError("server"), version);
            print("protocol", new ProtocolException("protocol"), version);
            print("credentials", new AuthenticationException("wrong"), version);
            print("unavailable", UnavailableException.create(quorum, 2, 1), version);
            print("overloaded", new OverloadedException("much"), version);
            print("bootstrapping", new IsBootstrappingException(), version);
            print("truncate", new TruncateException("no"), version);
            for (WriteType type : WriteType.values())
                print("write-timeout-" + type.toString().toLowerCase(),
                      new WriteTimeoutException(type, quorum, 1, 2), version);
            print("cas-timeout", new CasWriteTimeoutException(WriteType.CAS, ConsistencyLevel.SERIAL, 1, 2, 517), version);
            print("cas-unknown", new CasWriteUnknownResultException(ConsistencyLevel.LOCAL_SERIAL, 1, 2), version);
            print("read-timeout", new ReadTimeoutException(quorum, 1, 2, false), version);
            print("read-timeout-data", new ReadTimeoutException(quorum, 1, 2, true), version);
            print("read-failure", new ReadFailureException(quorum, 1, 2, true, two), version);
            print("read-failure-none", new ReadFailureException(quorum, 1, 2, false, Collections.emptyMap()), version);
            print("write-failure", new WriteFailureException(quorum, 0, 2, WriteType.BATCH_LOG, failures), version);
            print("function", FunctionExecutionException.create(
                new FunctionName("ks", "f"), Arrays.asList("int", "frozen<list<text>>"), "no"), version);
            print("cdc", new CDCWriteException("full"), version);
            print("syntax", new SyntaxException("line 1:0"), version);
            print("unauthorized", new UnauthorizedException("no"), version);
            print("invalid", new InvalidRequestException("no"), version);
            print("config", new ConfigurationException("no"), version);
            print("keyspace-exists", new AlreadyExistsException("ks"), version);
            print("table-exists", new AlreadyExistsException("ks", "t"), version);
            print("unprepared", new PreparedQueryNotFoundException(MD5Digest.compute("x")), version);
            print("long", new InvalidRequestException(String.join("", Collections.nCopies(300, "long \u00e9 "))), version);

            print("ready", new ReadyMessage(), version);
            print("authenticate", new AuthenticateMessage("org.apache.cassandra.auth.PasswordAuthenticator"), version);
            print("challenge", new AuthChallenge(new byte[]{ 1, 2 }), version);
            print("success", new AuthSuccess(new byte[]{ 3 }), version);
            print("success-null", new AuthSuccess(null), version);
            print("event-new", new EventMessage(Event.TopologyChange.newNode(v4)), version);
            print("event-removed", new EventMessage(Event.TopologyChange.removedNode(v6)), version);
            print("event-up", new EventMessage(Event.StatusChange.nodeUp(v4)), version);
            print("event-down", new EventMessage(Event.StatusChange.nodeDown(v6)), version);
            for (Event.SchemaChange.Change change : Event.SchemaChange.Change.values())
            {
                String name = change.toString().toLowerCase();
                print("event-keyspace-" + name, new EventMessage(new Event.SchemaChange(change, "ks")), version);
                for (Event.SchemaChange.Target target : new Event.SchemaChange.Target[]{
                    Event.SchemaChange.Target.TABLE, Event.SchemaChange.Target.TYPE })
                    print("event-" + target.toString().toLowerCase() + "-" + name,
                          new EventMessage(new Event.SchemaChange(change, target, "ks", "name")), version);
                for (Event.SchemaChange.Target target : new Event.SchemaChange.Target[]{
                    Event.SchemaChange.Target.FUNCTION, Event.SchemaChange.Target.AGGREGATE })
                    print("event-" + target.toString().toLowerCase() + "-" + name,
                          new EventMessage(new Event.SchemaChange(
                              change, target, "ks", "name", Arrays.asList("int", "map<text, int>"))), version);
            }
        }
        System.exit(0);
    }
}
