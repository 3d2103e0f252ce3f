/** @typedef {import('../contracts/notes.js').Answer} Answer */
/** @typedef {import('../contracts/notes.js').Bound} Bound */
/** @typedef {import('./timeline.mjs').Timeline} Timeline */

/**
 * Judges what a session was bound to, as if it had answered from there.
 *
 * @param {Timeline} timeline
 * @param {Bound} bound
 * @returns {string | undefined} what is wrong
 */
export function judgeBound(timeline, bound) {
  const { binding } = bound;
  return judgeAnswer(timeline, {
    ...bound,
    kind: 'answer',
    place: binding.place,
    request: 'nothing yet',
    write: false,
  });
}

/**
 * Judges an answer by what had become of its tenant: it must have come from the tenant's database, and not from a
 * tenant that its process knew to be suspended, deleted or at another epoch.
 *
 * @param {Timeline} timeline
 * @param {Answer} answer
 * @returns {string | undefined} what is wrong
 */
export function judgeAnswer(timeline, answer) {
  const { name, place, binding, request, floor } = answer;
  if (timeline.isInDoubt(name, answer)) {
    const isSomewhere = timeline.places(name).has(place) || binding?.place === place;
    return isSomewhere ? undefined : `${name} was answered by ${place} (${request})`;
  }
  const possible = timeline.served(name, answer).filter(({ status }) => status === 'active');
  const isRight = possible.some(
    (state) =>
      state.place === place &&
      (binding === undefined || (binding.id === state.id && binding.epoch === state.epoch)),
  );
  if (isRight) return undefined;
  const bound = binding === undefined ? '' : `, bound to ${binding.id} at epoch ${binding.epoch}`;
  const expected = possible.map((state) => `${state.place} at epoch ${state.epoch}`).join(' or ') || 'nobody';
  return `${name} was answered by ${place}${bound} (${request}); at revision ${floor} only ${expected} may do that`;
}
