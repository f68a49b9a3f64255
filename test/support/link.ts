import { once } from 'node:events';
import net from 'node:net';
import type { FaultyLink } from './faulty-link.js';

/** The way that bytes take: requests to the server, answers from it. */
export type Direction = 'requests' | 'answers';

interface Gate {
  isHeld: boolean;
  delay: number;
}

/**
 * A TCP link to a database, which can be disturbed and healed. What it holds back arrives later, in order, also when the
 * client has gone meanwhile, as a packet does that a network has kept; what is cut while it is held back is lost.
 */
export class Link implements FaultyLink {
  readonly #server: net.Server;
  readonly #target: URL;
  readonly #connections = new Set<Connection>();
  readonly #gates: Readonly<Record<Direction, Gate>> = {
    requests: { isHeld: false, delay: 0 },
    answers: { isHeld: false, delay: 0 },
  };
  #isRefusing = false;
  #cutter: NodeJS.Timeout | undefined;
  /** How many connections were cut. */
  cuts = 0;

  private constructor(target: URL) {
    this.#target = target;
    this.#server = net.createServer((client) => {
      this.#connect(client);
    });
  }

  /** @param url of the database behind the link */
  static async to(url: string): Promise<Link> {
    const link = new Link(new URL(url));
    link.#server.listen(0, '127.0.0.1');
    await once(link.#server, 'listening');
    return link;
  }

  /** The same database, through the link. */
  get url(): string {
    const url = new URL(this.#target);
    url.host = `127.0.0.1:${(this.#server.address() as net.AddressInfo).port}`;
    return url.href;
  }

  /** Ends every connection, in the middle of whatever it does. */
  cut(): void {
    this.cuts += this.#connections.size;
    for (const connection of this.#connections) connection.cut();
  }

  /** Cuts again and again, after so many milliseconds. */
  cutEvery(milliseconds: number): void {
    clearInterval(this.#cutter);
    this.#cutter = setInterval(() => {
      this.cut();
    }, milliseconds);
  }

  /** Passes nothing on, and says nothing about it: both sides are alive, and silent. */
  hold(...directions: Direction[]): void {
    for (const direction of directions) this.#gates[direction].isHeld = true;
  }

  /** Holds both directions. */
  silence(): void {
    this.hold('requests', 'answers');
  }

  /** Leaves the connections that there are silent until the link is healed, which ends them; new ones pass. */
  forget(): void {
    for (const connection of this.#connections) connection.forget();
    for (const gate of Object.values(this.#gates)) gate.isHeld = false;
  }

  /** Passes everything on so many milliseconds late. */
  delay(milliseconds: number): void {
    this.#gates.requests.delay = milliseconds;
  }

  /** Lets no new connection come. */
  refuse(): void {
    this.#isRefusing = true;
  }

  /** Cuts every connection, and refuses new ones. */
  reset(): void {
    this.cut();
    this.refuse();
  }

  /** Lets everything pass again; what was held back arrives now. */
  heal(): void {
    clearInterval(this.#cutter);
    this.#isRefusing = false;
    for (const gate of Object.values(this.#gates)) Object.assign(gate, { isHeld: false, delay: 0 });
    for (const connection of this.#connections) {
      if (connection.isForgotten) connection.cut();
      else connection.pass();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#cutter);
    this.cut();
    this.#server.close();
    await once(this.#server, 'close');
  }

  #connect(client: net.Socket): void {
    client.on('error', () => undefined);
    if (this.#isRefusing) {
      client.resetAndDestroy();
      return;
    }
    const connection = new Connection(client, this.#target, this.#gates, () => {
      this.#connections.delete(connection);
    });
    this.#connections.add(connection);
  }
}

class Connection {
  isForgotten = false;
  readonly #client: net.Socket;
  readonly #server: net.Socket;
  readonly #flows: readonly Flow[];

  constructor(
    client: net.Socket,
    { hostname, port }: URL,
    gates: Readonly<Record<Direction, Gate>>,
    onEnd: () => void,
  ) {
    this.#client = client;
    this.#server = net.connect({ host: hostname, port: Number(port), noDelay: true });
    client.setNoDelay(true);
    this.#flows = [new Flow(client, this.#server, gates.requests), new Flow(this.#server, client, gates.answers)];
    this.#server.on('error', () => undefined);
    this.#server.on('close', onEnd);
  }

  pass(): void {
    for (const flow of this.#flows) flow.pass();
  }

  /** Nothing comes through any more; neither side is told. */
  forget(): void {
    this.isForgotten = true;
    for (const flow of this.#flows) flow.forget();
  }

  /** The server may still carry out what has reached it; the client never hears of it. */
  cut(): void {
    this.#client.resetAndDestroy();
    this.#server.destroy();
  }
}

/** One direction of a connection: what comes in goes out in order, once its time has come and nothing holds it. */
class Flow {
  readonly #to: net.Socket;
  readonly #gate: Gate;
  /** Null is the end. */
  #isForgotten = false;
  readonly #waiting: { readonly due: number; readonly bytes: Buffer | null }[] = [];

  constructor(from: net.Socket, to: net.Socket, gate: Gate) {
    this.#to = to;
    this.#gate = gate;
    from.on('data', (bytes) => {
      this.#take(Buffer.from(bytes));
    });
    from.on('close', () => {
      this.#take(null);
    });
  }

  #take(bytes: Buffer | null): void {
    this.#waiting.push({ due: performance.now() + this.#gate.delay, bytes });
    this.pass();
  }

  forget(): void {
    this.#isForgotten = true;
  }

  pass(): void {
    if (this.#isForgotten) return;
    for (let next = this.#waiting[0]; next !== undefined && !this.#gate.isHeld; next = this.#waiting[0]) {
      const wait = next.due - performance.now();
      if (wait > 0) {
        setTimeout(() => {
          this.pass();
        }, Math.ceil(wait));
        return;
      }
      this.#waiting.shift();
      if (next.bytes === null) this.#to.end();
      else this.#to.write(next.bytes);
    }
  }
}
