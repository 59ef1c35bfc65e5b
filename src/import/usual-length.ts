/** Positions of a sample unless told otherwise: longer ones are possible where the network allows, and seldom meant. */
export const USUAL_LENGTH = 1024;
