using IlZo.Adapters;
using IlZo.Backends;
using IlZo.Backends.Cpu;
using IlZo.Core.Tests.Models;
using IlZo.Models;
using IlZo.Noise;
using IlZo.Perturbations;
using IlZo.Tensors;
using Xunit;

namespace IlZo.Core.Tests.Adapters;

public sealed unsafe class PrefixTests
{
    private static readonly int[] s_prompt = [3, 17, 8, 41, 22];
    private static readonly int[] s_text = [5, 9, 30, 2, 44, 18, 7];

    public static TheoryData<string> Folders =>
    [
        "opt-tiny", "opt-tiny-fp16", "opt-350m-style", "llama-mha", "llama-gqa", "llama3-rope", "gpt2-tiny", "gemma-tiny", "phi3-longrope",
    ];

    [Theory]
    [MemberData(nameof(Folders))]
    public void The_prefix_of_real_tokens_equals_a_prompt_of_them_where_positions_are_shifted(string folder)
    {
        using var fixture = new ForwardFixture(folder);
        int vocabulary = fixture.Model.Shape.Vocabulary;
        float[] expected = fixture.Logits(ForwardFixture.Batch([.. s_prompt, .. s_text]))[(s_prompt.Length * vocabulary)..];
        AttachPrefix(fixture, shifts: true);
        Near.Equal(expected, fixture.Logits(ForwardFixture.Batch(s_text)), 1e-5);
    }

    [Theory]
    [InlineData("opt-tiny")]
    [InlineData("opt-350m-style")]
    [InlineData("gpt2-tiny")]
    [InlineData("roberta-tiny")]
    public void Kept_positions_are_those_of_a_text_without_a_prefix(string folder)
    {
        // A token that attends to copies of its own key and value is what it is without them, unless its position moved.
        using var fixture = new ForwardFixture(folder);
        int longest = fixture.Model.Shape.MaxPositions;
        float[] plain = fixture.Logits(ForwardFixture.Batch(s_text[..1]));
        var own = new PrefixAdapter(fixture.Model, 1, false);
        own.Initialize(fixture.Backend, s_text[..1]);
        foreach (bool shifts in new[] { false, true })
        {
            using var second = new ForwardFixture(folder);
            var prefix = new PrefixAdapter(second.Model, 5, shifts);
            foreach (var (from, to) in own.Parameters.Zip(prefix.Parameters))
            {
                for (int row = 0; row < 5; row++)
                {
                    Adapter.Row(from, 0).CopyTo(Adapter.Row(to, row));
                }
            }

            second.Model.Attach(prefix);
            Assert.Equal(shifts ? longest - 5 : longest, second.Model.Shape.MaxPositions);
            float distance = second.Logits(ForwardFixture.Batch(s_text[..1])).Zip(plain, (x, y) => Math.Abs(x - y)).Max();
            Assert.InRange(distance, shifts ? 1e-3 : 0, shifts ? 10 : 1e-5);
        }
    }

    [Fact]
    public void Rotated_keys_see_whether_positions_are_shifted()
    {
        using var shifted = new ForwardFixture("llama-gqa");
        AttachPrefix(shifted, shifts: true);
        using var kept = new ForwardFixture("llama-gqa");
        AttachPrefix(kept, shifts: false);
        var batch = ForwardFixture.Batch(s_text);
        Assert.Contains(kept.Logits(batch).Zip(shifted.Logits(batch)), p => Math.Abs(p.First - p.Second) > 1e-3);
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(4, 2)]
    public void Attention_with_a_prefix_equals_the_formula(int heads, int keyValueHeads)
    {
        const int size = 6;
        const int tokens = 40;
        const int prefixTokens = 5;
        using var backend = new CpuBackend(2);
        int keyFeatures = keyValueHeads * size;
        using var tables = new RandomTables(
            (tokens, heads * size), (tokens, keyFeatures), (tokens, keyFeatures), (prefixTokens, keyFeatures), (prefixTokens, keyFeatures));
        int[] rows = [.. Enumerable.Range(0, tokens)];
        var batch = ForwardFixture.Batch(rows);
        var pass = backend.Begin(batch, [Probe.Unperturbed]);
        Activation Load(int table)
        {
            var x = pass.Rent(tables.Set.All[table].Columns);
            pass.Embed(tables.Set.All[table], rows, x);
            return x;
        }

        var (q, k, v, y) = (Load(0), Load(1), Load(2), pass.Rent(heads * size));
        pass.Attention(
            q, k, v, y, new AttentionShape(heads, keyValueHeads, size, 0.4f), 0, new KeyValuePrefix(tables.Set.All[3], tables.Set.All[4]));
        float[] actual = new float[tokens * heads * size];
        pass.Read(y, 0, actual);
        float[] expected = new float[actual.Length];
        for (int t = 0; t < tokens; t++)
        {
            for (int h = 0; h < heads; h++)
            {
                int at = h / (heads / keyValueHeads) * size;
                var keys =
                    Enumerable.Range(0, prefixTokens).Select(i => (3, i)).Concat(Enumerable.Range(0, t + 1).Select(i => (1, i))).ToArray();
                double[] weights = [.. keys.Select(key => Math.Exp(
                    0.4 * Enumerable.Range(0, size).Sum(f => tables[0, t, (h * size) + f] * tables[key.Item1, key.i, at + f])))];
                for (int f = 0; f < size; f++)
                {
                    expected[(((t * heads) + h) * size) + f] =
                        (float)(keys.Select((key, i) => weights[i] * tables[key.Item1 + 1, key.i, at + f]).Sum() / weights.Sum());
                }
            }
        }

        Near.Equal(expected, actual, 1e-5);
    }

    [Fact]
    public void A_probe_sees_the_prefix_shifted_and_the_base_as_it_is()
    {
        using var fixture = new ForwardFixture("llama-gqa");
        var prefix = AttachPrefix(fixture, shifts: false);
        var z = new GaussianDirection(new NoiseKey(2, NoiseStream.Direction, 1, 0));
        double[][] probed = fixture.LogProbabilities(s_text, Probe.Pair(z, 0.1));
        foreach (var p in prefix.Parameters)
        {
            float[] noise = new float[p.Columns];
            for (int row = 0; row < p.Rows; row++)
            {
                z.Fill(p, row, 0, noise);
                for (int i = 0; i < noise.Length; i++)
                {
                    Adapter.Row(p, row)[i] = float.FusedMultiplyAdd(noise[i], 0.1f, Adapter.Row(p, row)[i]);
                }
            }
        }

        Assert.Equal(fixture.LogProbabilities(s_text, Probe.Unperturbed)[0], probed[0]);
        Assert.NotEqual(probed[0], probed[1]);
    }

    [Fact]
    public void Generation_through_the_cache_equals_one_pass()
    {
        using var fixture = new ForwardFixture("llama-gqa");
        AttachPrefix(fixture, shifts: true);
        int vocabulary = fixture.Model.Shape.Vocabulary;
        float[] expected = fixture.Logits(ForwardFixture.Batch(s_text))[^vocabulary..];
        using var cache = fixture.Backend.CreateCache(fixture.Model.Shape.Layers, fixture.Model.Shape.KeyFeatures, s_text.Length);
        float[] logits = new float[vocabulary];
        foreach (var (from, to) in new[] { (0, 4), (4, 6), (6, 7) })
        {
            var builder = new TokenBatchBuilder();
            builder.Read(builder.AddText(s_text[from..to], from), to - from - 1);
            var batch = builder.Build();
            var pass = fixture.Backend.Begin(batch, [Probe.Unperturbed], cache);
            pass.Logits(fixture.Model.Forward(pass), fixture.Model.Head, logits);
        }

        Near.Equal(expected, logits, 1e-5);
    }

    [Fact]
    public void The_start_follows_from_the_seed()
    {
        float[][] first = Start(1);
        Assert.Equal(first, Start(1));
        Assert.NotEqual(first, Start(2));
        Assert.All(first, values => Assert.Contains(values, v => v != 0));
    }

    [Fact]
    public void A_prefix_that_leaves_no_position_is_refused()
    {
        using var fixture = new ForwardFixture("opt-tiny");
        var error = Assert.Throws<InvalidInputException>(() => new PrefixAdapter(fixture.Model, fixture.Model.Shape.MaxPositions, true));
        Assert.Contains("PrefixTokens", error.Message, StringComparison.Ordinal);
    }

    private static float[][] Start(uint seed)
    {
        using var fixture = new ForwardFixture("opt-tiny");
        AdapterFactory.Attach(fixture.Model, new AdapterOptions("prefix") { Seed = seed }, fixture.Backend);
        return [.. fixture.Model.Adapter!.Parameters.Select(p => Adapter.Values(p).ToArray())];
    }

    private static PrefixAdapter AttachPrefix(ForwardFixture fixture, bool shifts)
    {
        var prefix = new PrefixAdapter(fixture.Model, s_prompt.Length, shifts);
        prefix.Initialize(fixture.Backend, s_prompt);
        fixture.Model.Attach(prefix);
        return prefix;
    }

    private sealed class RandomTables : IDisposable
    {
        private readonly NativeBuffer _memory;

        public RandomTables(params (int Rows, int Columns)[] shapes)
        {
            _memory = new NativeBuffer(shapes.Sum(s => (long)s.Rows * s.Columns) * sizeof(float));
            float* next = (float*)_memory.Data;
            var tables = new List<Parameter>();
            foreach (var (rows, columns) in shapes)
            {
                tables.Add(new Parameter($"{tables.Count}", [rows, columns], DType.F32, next));
                next += rows * columns;
            }

            Set = new ParameterSet(tables, [_memory]);
            var normal = new GaussianDirection(new NoiseKey(9, NoiseStream.Direction, 1, 0));
            foreach (var table in Set.All)
            {
                for (int row = 0; row < table.Rows; row++)
                {
                    normal.Fill(table, row, 0, Adapter.Row(table, row));
                }
            }
        }

        public ParameterSet Set { get; }

        public double this[int table, int row, int column] => Adapter.Row(Set.All[table], row)[column];

        public void Dispose() => Set.Dispose();
    }
}
