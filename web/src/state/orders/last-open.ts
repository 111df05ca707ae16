// Where this browser remembers the order that was on the desk when its page went away.
export const ON_THE_DESK = 'keyferry.order';
