using System.Runtime.InteropServices;
using IlZo.Perturbations;
using IlZo.Tasks;

namespace IlZo.Training;

internal sealed partial class LossEvaluator
{
    /// <summary>Losses of examples, with the score of each candidate, at the weights as they are.</summary>
    private sealed class ScoreWork(LossEvaluator evaluator, IReadOnlyList<EncodedExample> examples, CancellationToken cancellation)
        : ISharedWork<(ExampleLoss Loss, double[] Scores)>
    {
        public int Passes => 1;

        public bool MayLackPasses => false;

        public int Items => examples.Count;

        public long Weight(int item) => EvaluationBatches.TokensOf(examples[item]);

        public long TokensAtATime => EvaluationTokens;

        public (ExampleLoss Loss, double[] Scores)[] Do(int pass, int first, int count)
        {
            var values = new List<(ExampleLoss, double[])>(count);
            foreach (var chunk in EvaluationBatches.Of([.. examples.Skip(first).Take(count)], EvaluationTokens))
            {
                cancellation.ThrowIfCancellationRequested();
                var batch = ScoringBatch.Build(chunk);
                double[] logProbabilities = evaluator.Run(batch, [Probe.Unperturbed])[0];
                for (int e = 0; e < chunk.Count; e++)
                {
                    values.Add((evaluator.LossOf(batch, logProbabilities, e), Scores(batch, logProbabilities, e)));
                }
            }

            return [.. values];
        }

        public byte[] Encode((ExampleLoss Loss, double[] Scores) value) =>
            [.. ExampleLossBytes.Encode([value.Loss]), .. MemoryMarshal.AsBytes<double>(value.Scores)];

        public bool TryDecode(int pass, int item, ReadOnlySpan<byte> bytes, out (ExampleLoss Loss, double[] Scores) value)
        {
            int scores = sizeof(double) * examples[item].Candidates.Count;
            value = default;
            if (bytes.Length < scores || ExampleLossBytes.Decode(bytes[..^scores], 1, evaluator.TermsOf(examples[item])) is not [var loss])
            {
                return false;
            }

            value = (loss, [.. MemoryMarshal.Cast<byte, double>(bytes[^scores..])]);
            return true;
        }
    }
}
