import { InternalError } from '../errors.js';

/** What a {@link LinkedList} needs of its members: they carry its links, so that joining it allocates nothing. */
export interface Linked<Node extends Linked<Node>> {
  list: LinkedList<Node> | undefined;
  previous: Node | undefined;
  next: Node | undefined;
}

/** A list whose members are in one list at most, and leave from anywhere in O(1). */
export class LinkedList<Node extends Linked<Node>> {
  #first: Node | undefined;
  #last: Node | undefined;
  #size = 0;

  get first(): Node | undefined {
    return this.#first;
  }

  get last(): Node | undefined {
    return this.#last;
  }

  get size(): number {
    return this.#size;
  }

  addLast(node: Node): void {
    this.#claim(node);
    node.previous = this.#last;
    if (this.#last === undefined) this.#first = node;
    else this.#last.next = node;
    this.#last = node;
    this.#size++;
  }

  addFirst(node: Node): void {
    this.#claim(node);
    node.next = this.#first;
    if (this.#first === undefined) this.#last = node;
    else this.#first.previous = node;
    this.#first = node;
    this.#size++;
  }

  /** Removes one; whether it was here. */
  remove(node: Node): boolean {
    if (node.list !== this) return false;
    const { previous, next } = node;
    if (previous === undefined) this.#first = next;
    else previous.next = next;
    if (next === undefined) this.#last = previous;
    else next.previous = previous;
    node.list = undefined;
    node.previous = undefined;
    node.next = undefined;
    this.#size--;
    return true;
  }

  *[Symbol.iterator](): Generator<Node, void, undefined> {
    for (let node = this.#first; node !== undefined; ) {
      // Taken first, so that the member that was just handed out may leave.
      const { next } = node;
      yield node;
      node = next;
    }
  }

  /** A member of two lists would break both without a sign. */
  #claim(node: Node): void {
    if (node.list !== undefined) throw new InternalError('A member of one list was added to another.');
    node.list = this;
  }
}
