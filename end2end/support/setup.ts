import { prepare } from './machine.ts';

export default prepare;
