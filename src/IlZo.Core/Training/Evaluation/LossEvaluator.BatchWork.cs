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

        public bool MayLackPasses => _passes.All(p => p is [{ Points: PointsPerPass }]);

        public int Items => batch.Examples.Count;

        /// <summary>
        /// The losses, [point][example]; no examples at points that the run does without. The whole batch counts, whoever computes it.
        /// </summary>
        public static ExampleLoss[][] Losses(LossEvaluator evaluator, ScoringBatch batch, IReadOnlyList<Probe> probes)
        {
            long passes = evaluator.ForwardPasses;
            long tokens = evaluator.Tokens;
            var work = new BatchWork(evaluator, batch, probes);
            ExampleLoss[][] losses = [.. evaluator.Values(work).SelectMany(work.ByPoint)];
            int points = losses.Count(l => l.Length > 0);
            evaluator.ForwardPasses = passes + points;
            evaluator.Tokens = tokens + ((long)batch.Tokens.Count * points);
            return losses;
        }

        public long Weight(int item) => EvaluationBatches.TokensOf(batch.Examples[item]) * ProbePoints.Count(_passes[0]);

        public long TokensAtATime => long.MaxValue;

        public ExampleLoss[][] Do(int pass, int first, int count)
        {
            var part = count == Items ? batch : evaluator.TrainingBatch([.. batch.Examples.Skip(first).Take(count)]);
            double[][] points = evaluator.Run(part, _passes[pass]);
            if (IsDerivative(pass))
            {
                return [.. Enumerable.Range(0, count).Select(e => (ExampleLoss[])
                    [evaluator.LossOf(part, points[0], e), evaluator.SlopeOf(part, points[0], points[1], e)])];
            }

            return [.. Enumerable.Range(0, count).Select(e => points.Select(p => evaluator.LossOf(part, p, e)).ToArray())];
        }

        public byte[] Encode(ExampleLoss[] value) => ExampleLossBytes.Encode(value);

        public bool TryDecode(int pass, int item, ReadOnlySpan<byte> bytes, [MaybeNullWhen(false)] out ExampleLoss[] value)
        {
            value = ExampleLossBytes.Decode(
                bytes, ProbePoints.Count(_passes[pass]), evaluator.TermsOf(batch.Examples[item]), IsDerivative(pass));
            return value is not null;
        }

        private bool IsDerivative(int pass) => _passes[pass] is [{ IsDerivative: true }];

        // The values of a pass, [point][example].
        private IEnumerable<ExampleLoss[]> ByPoint(ExampleLoss[][] values, int pass) =>
            Enumerable.Range(0, ProbePoints.Count(_passes[pass])).Select(p => values.Select(e => e[p]).ToArray());
    }
}
