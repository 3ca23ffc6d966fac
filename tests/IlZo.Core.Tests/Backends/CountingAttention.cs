using IlZo.Backends.Cpu;

namespace IlZo.Core.Tests.Backends;

/// <summary>An engine whose attention counts the keys that panels of queries meet, and may be made to leave out none.</summary>
/// <param name="products">The engine that computes.</param>
/// <param name="keyStep">What the first key of a panel is a multiple of; null for the engine's own.</param>
internal sealed class CountingAttention(ProductEngine products, int? keyStep = null) : WrappedProducts(products)
{
    private readonly Counter _counter = new(products.Attention, keyStep ?? products.Attention.KeyStep);

    public override AttentionEngine Attention => _counter;

    /// <summary>Keys met, over all panels.</summary>
    public int Keys => _counter.Keys;

    private sealed unsafe class Counter(AttentionEngine attention, int keyStep) : AttentionEngine
    {
        private int _keys;

        public int Keys => _keys;

        public override int KeyStep => keyStep;

        public override int ScoreRows(int keys) => attention.ScoreRows(keys);

        public override int ResultRows(int headSize) => attention.ResultRows(headSize);

        public override KeyValueOperand Pack(
            in KeyValueSource source, int probe, int segment, int feature, int size, int count, WorkerScratch scratch) =>
            attention.Pack(source, probe, segment, feature, size, count, scratch);

        public override void Score(in KeyValueOperand operand, float* queries, int first, int end, int lanes, float* scores)
        {
            Interlocked.Add(ref _keys, end - first);
            attention.Score(operand, queries, first, end, lanes, scores);
        }

        public override void Mix(in KeyValueOperand operand, float* scores, int first, int end, int lanes, float* result) =>
            attention.Mix(operand, scores, first, end, lanes, result);
    }
}
