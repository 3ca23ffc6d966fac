using System.Diagnostics.CodeAnalysis;
using IlZo.Perturbations;
using IlZo.Tasks;

namespace IlZo.Training;

internal sealed partial class LossEvaluator
{
    /// <summary>The losses of a step's batch. A value has an example's loss at each point of a pass.</summary>
    private sealed class BatchWork(LossEvaluator evaluator, ScoringBatch batch, IReadOnlyList<Probe> probes) : ISharedWork<ExampleLoss[]>
    {
        private readonly IReadOnlyList<IReadOnlyList<Probe>> _passes = ProbePoints.Grouped(probes, PointsPerPass);

        public int Passes => _passes.Count;

        public int Items => batch.Examples.Count;

        /// <summary>The losses, [point][example]. The whole batch counts, whoever computes it.</summary>
        public static ExampleLoss[][] Losses(LossEvaluator evaluator, ScoringBatch batch, IReadOnlyList<Probe> probes)
        {
            int points = ProbePoints.Count(probes);
            long passes = evaluator.ForwardPasses + points;
            long tokens = evaluator.Tokens + ((long)batch.Tokens.Count * points);
            var values = evaluator.Values(new BatchWork(evaluator, batch, probes));
            (evaluator.ForwardPasses, evaluator.Tokens) = (passes, tokens);
            return [.. values.SelectMany(pass => Enumerable.Range(0, pass[0].Length).Select(p => pass.Select(e => e[p]).ToArray()))];
        }

        public long Weight(int item) => EvaluationBatches.TokensOf(batch.Examples[item]);

        public long TokensAtATime => long.MaxValue;

        public ExampleLoss[][] Do(int pass, int first, int count)
        {
            var part = count == Items ? batch : evaluator.TrainingBatch([.. batch.Examples.Skip(first).Take(count)]);
            double[][] points = evaluator.Run(part, _passes[pass]);
            return [.. Enumerable.Range(0, count).Select(e => points.Select(p => evaluator.LossOf(part, p, e)).ToArray())];
        }

        public byte[] Encode(ExampleLoss[] value) => ExampleLossBytes.Encode(value);

        public bool TryDecode(int pass, int item, ReadOnlySpan<byte> bytes, [MaybeNullWhen(false)] out ExampleLoss[] value)
        {
            value = ExampleLossBytes.Decode(bytes, ProbePoints.Count(_passes[pass]), evaluator.TermsOf(batch.Examples[item]));
            return value is not null;
        }
    }
}
