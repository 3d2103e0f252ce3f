import { Command } from './packets.js';
import { judgeTraces, type Traces, tracesOf } from './traces.js';

const COMMAND_AT = 4;
const TEXT_AT = 5;

/**
 * What a command of the protocol may leave in its session, by its packet. `hasAttributes`: the connection has agreed
 * that statements carry attributes.
 */
export function tracesOfCommand(packet: Buffer, hasAttributes: boolean): Traces {
  switch (packet[COMMAND_AT]) {
    case Command.query:
      // With its values in it, it will hardly come again.
      return hasAttributes ? judgeAfterAttributes(packet) : judgeTraces(textOf(packet, TEXT_AT));
    case Command.prepare:
      return tracesOf(textOf(packet, TEXT_AT));
    // A statement that was prepared has been judged, and none outlives a reset.
    case Command.execute:
    case Command.sendLongData:
    case Command.closeStatement:
    case Command.resetStatement:
    case Command.fetch:
    case Command.ping:
    case Command.quit:
      return 'none';
    case Command.resetConnection:
      return 'anything';
    default:
      // Another user, an option of the protocol, a replica: a reset keeps them.
      return 'lasting';
  }
}

/** Two numbers come before the text, those of attributes and of their sets; attributes are not read here. */
function judgeAfterAttributes(packet: Buffer): Traces {
  const hasNone = packet[TEXT_AT] === 0 && packet[TEXT_AT + 1] === 1;
  return hasNone ? judgeTraces(textOf(packet, TEXT_AT + 2)) : 'anything';
}

function textOf(packet: Buffer, at: number): string {
  return packet.toString('utf8', at);
}
