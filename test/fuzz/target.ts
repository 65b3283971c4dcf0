import type { Arbitrary } from 'fast-check'

/** One place where text from outside comes in, and what must hold of it whatever comes. */
export interface FuzzTarget<Input> {
  readonly name: string
  readonly arbitrary: Arbitrary<Input>
  /** Throws where the input breaks what must hold. */
  property(input: Input): void | Promise<void>
  /** Ends what the target has started. */
  close?(): void | Promise<void>
}

/** For the inference of the input's type. */
export const fuzzTarget = <Input>(target: FuzzTarget<Input>): FuzzTarget<Input> => target
