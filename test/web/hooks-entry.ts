/** What the test of the hooks bundles: them, and the React that they are given. */
export { useModel, useSamples } from "../../examples/use-samples.ts";
export { mount } from "./tiny-react.ts";
