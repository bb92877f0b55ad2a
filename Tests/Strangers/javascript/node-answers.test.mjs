// Asks the node that the page's helper has started something, without a driver.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createConnection } from 'node:net'
import { test } from 'node:test'
import { startNode } from './cql-node.mjs'

test('a node is started, answers, and is stopped', async () => {
  const node = await startNode()
  const [host, port] = node.contactPoint.split(':')
  const socket = createConnection(Number(port), host)
  socket.write(Buffer.from([4, 0, 0, 1, 5, 0, 0, 0, 0]))
  const [answer] = await once(socket, 'data')
  // The version with the bit of an answer, no flags, the stream, SUPPORTED.
  assert.deepEqual([...answer.subarray(0, 5)], [0x84, 0, 0, 1, 6])
  socket.destroy()
  await node.stop()
})

test('a program that is not there is an error', async () => {
  const path = process.env.PATH
  process.env.PATH = '/nowhere'
  await assert.rejects(startNode(), { code: 'ENOENT' })
  process.env.PATH = path
})
