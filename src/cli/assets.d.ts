// Imported as a file: the path at which the bundled one can be read.
declare module "*.tgz" {
  const path: string;
  export default path;
}
