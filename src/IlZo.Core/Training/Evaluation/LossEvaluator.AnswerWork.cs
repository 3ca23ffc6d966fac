using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Text;
using IlZo.Perturbations;
using IlZo.Tasks;

namespace IlZo.Training;

internal sealed partial class LossEvaluator
{
    /// <summary>
    /// Answers that are generated, at each point all of them by one: what they have in common is computed once, so that their tokens
    /// cannot be counted in parts.
    /// </summary>
    private sealed class AnswerWork(
        LossEvaluator evaluator, IReadOnlyList<EncodedExample> examples, IReadOnlyList<Probe> points, CancellationToken cancellation)
        : ISharedWork<(long Tokens, string?[] Texts)>
    {
        private static readonly UTF8Encoding s_utf8 = new(false, throwOnInvalidBytes: true);

        public int Passes => points.Count;

        public bool MayLackPasses => false;

        public int Items => 1;

        /// <summary>The negative of the metric that is trained on, [point][example].</summary>
        public static ExampleLoss[][] Losses(
            LossEvaluator evaluator, IReadOnlyList<EncodedExample> examples, IReadOnlyList<Probe> probes) =>
        [
            .. Answers(evaluator, examples, [.. ProbePoints.Each(probes)], CancellationToken.None).Select(
                texts => evaluator.Negative([.. examples.Zip(texts, Prediction.Generated)])),
        ];

        /// <summary>The answers at one point.</summary>
        public static string?[] Texts(
            LossEvaluator evaluator, IReadOnlyList<EncodedExample> examples, Probe point, CancellationToken cancellation) =>
            Answers(evaluator, examples, [point], cancellation)[0];

        public long Weight(int item) => examples.Sum(e => (long)e.Prompt.Length);

        public long TokensAtATime => long.MaxValue;

        public (long Tokens, string?[] Texts)[] Do(int pass, int first, int count)
        {
            var generator = evaluator._generator!;
            long before = generator.Tokens;
            var texts = generator.Generate([.. examples.Select(e => e.Prompt)], points[pass], cancellation);
            return [(generator.Tokens - before, [.. texts])];
        }

        /// <summary>i64 tokens; of each answer i32 bytes, -1 where there is none, and its text in UTF-8.</summary>
        public byte[] Encode((long Tokens, string?[] Texts) value)
        {
            using var stream = new MemoryStream();
            using var writer = new BinaryWriter(stream);
            writer.Write(value.Tokens);
            foreach (string? text in value.Texts)
            {
                byte[] bytes = s_utf8.GetBytes(text ?? string.Empty);
                writer.Write(text is null ? -1 : bytes.Length);
                writer.Write(bytes);
            }

            return stream.ToArray();
        }

        public bool TryDecode(
            int pass, int item, ReadOnlySpan<byte> bytes, [MaybeNullWhen(false)] out (long Tokens, string?[] Texts) value)
        {
            value = default;
            string?[] texts = new string?[examples.Count];
            if (!BinaryPrimitives.TryReadInt64LittleEndian(bytes, out long tokens) || tokens < 0)
            {
                return false;
            }

            var rest = bytes[sizeof(long)..];
            for (int e = 0; e < texts.Length; e++)
            {
                if (!TryText(ref rest, out texts[e]))
                {
                    return false;
                }
            }

            value = (tokens, texts);
            return rest.IsEmpty;
        }

        private static string?[][] Answers(
            LossEvaluator evaluator, IReadOnlyList<EncodedExample> examples, IReadOnlyList<Probe> points, CancellationToken cancellation)
        {
            var values = evaluator.Values(new AnswerWork(evaluator, examples, points, cancellation));
            evaluator.ForwardPasses += values.Length;
            evaluator.Tokens += values.Sum(v => v[0].Tokens);
            return [.. values.Select(v => v[0].Texts)];
        }

        private static bool TryText(ref ReadOnlySpan<byte> rest, out string? text)
        {
            text = null;
            if (rest.Length < sizeof(int))
            {
                return false;
            }

            int length = BinaryPrimitives.ReadInt32LittleEndian(rest);
            rest = rest[sizeof(int)..];
            if (length == -1)
            {
                return true;
            }

            if (length < 0 || length > rest.Length)
            {
                return false;
            }

            try
            {
                text = s_utf8.GetString(rest[..length]);
                rest = rest[length..];
                return true;
            }
            catch (DecoderFallbackException)
            {
                return false;
            }
        }
    }
}
