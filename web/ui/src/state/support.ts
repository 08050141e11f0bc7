/** What a measured support says, in words. */
export interface SupportLabel {
  readonly kind: "carries" | "nothing" | "against";
  readonly figure: string;
  readonly sentence: string;
}

/** Less than this, in nats a token, is no difference to speak of. */
const noticeable = 0.02;

export function supportOf(gain: number): SupportLabel {
  const size = Math.abs(gain).toFixed(2);
  if (gain > noticeable)
    return {
      kind: "carries",
      figure: `+${size}`,
      sentence: `Hidden, this source makes the sentence less likely, by ${size} nats a token: it carries it.`,
    };
  if (gain < -noticeable)
    return {
      kind: "against",
      figure: `−${size}`,
      sentence: `Hidden, this source makes the sentence more likely, by ${size} nats a token: it speaks against it.`,
    };
  return {
    kind: "nothing",
    figure: "±0",
    sentence: "Hidden or not, this source makes no difference to the sentence.",
  };
}
