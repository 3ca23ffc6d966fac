using IlZo.Backends;
using IlZo.Backends.Cpu;
using IlZo.Backends.Cpu.Emitted;
using IlZo.Core.Tests.Backends.Emitted;
using IlZo.Noise;
using IlZo.Perturbations;
using Xunit;

namespace IlZo.Core.Tests.Backends;

/// <summary>Attention by every engine against its definition; the emitted kernels as their twins in C#.</summary>
public sealed class AttentionTests : IDisposable
{
    private const string Managed = "managed";

    // Relative to the root of the mean square of the result.
    private static readonly Dictionary<string, double> s_errors = new()
    {
        [Managed] = 1e-6,
        ["split tiles"] = 1e-5,
        ["tiles"] = 5e-3,
        ["dot product"] = 5e-3,
    };

    private readonly List<IDisposable> _opened = [];

    public static TheoryData<string> Engines => [Managed, .. s_errors.Keys.Where(name => name != Managed)];

    [Theory]
    [MemberData(nameof(Engines))]
    public void Scores_are_capped_before_they_are_masked(string engine)
    {
        foreach (var (tokens, window, prefix, cap) in ((int, int?, int, float)[])[
            (1, null, 0, 1), (97, null, 0, 0.3f), (97, 20, 0, 1), (40, 7, 5, 1.5f), (40, null, 3, 1e30f),
        ])
        {
            using var trial = new AttentionTrial(tokens, 2, 1, 24, prefix, window: window, softCap: cap);
            Check(engine, trial, AttentionTrial.Text(tokens));
        }
    }

    [Theory]
    [MemberData(nameof(Engines))]
    public void Texts_of_any_length_are_near_the_definition(string engine)
    {
        foreach (var (tokens, heads, keyValueHeads, size) in ((int, int, int, int)[])
            [(1, 1, 1, 1), (1, 2, 2, 64), (31, 2, 1, 6), (33, 2, 2, 33), (97, 1, 1, 40), (200, 4, 2, 16), (700, 1, 1, 8), (900, 1, 1, 2)])
        {
            using var trial = new AttentionTrial(tokens, heads, keyValueHeads, size);
            Check(engine, trial, AttentionTrial.Text(tokens));
        }
    }

    [Theory]
    [MemberData(nameof(Engines))]
    public void Prefixes_windows_and_whole_texts_are_near_the_definition(string engine)
    {
        foreach (var (tokens, prefix, causal, window) in ((int, int, bool, int?)[])
            [(40, 5, true, null), (
                70, 100, true, null), (200, 0, false, null), (45, 7, false, null), (200, 0, true, 50), (90, 11, true, 1)])
        {
            using var trial = new AttentionTrial(tokens, 2, 1, 24, prefix, causal, window);
            Check(engine, trial, AttentionTrial.Text(tokens));
        }
    }

    [Theory]
    [MemberData(nameof(Engines))]
    public void Heads_wider_than_a_slice_are_near_the_definition(string engine)
    {
        using var trial = new AttentionTrial(35, 1, 1, 800);
        Check(engine, trial, AttentionTrial.Text(35));
    }

    [Theory]
    [MemberData(nameof(Engines))]
    public void A_shared_beginning_gives_the_bits_of_its_own_copy(string engine)
    {
        const int beginning = 45;
        const int end = 60;
        var shared = new TokenBatchBuilder();
        int parent = shared.AddText(new int[beginning]);
        shared.AddContinuation(parent, new int[end]);
        shared.AddContinuation(parent, new int[3]);
        using var trial = new AttentionTrial(beginning + end + 3, 2, 1, 20, prefix: 4);
        var batch = shared.Build();
        Check(engine, trial, batch);
        var backend = Backend(engine);
        float[] actual = trial.Run(backend, batch)[0];
        float[] alone = trial.Run(backend, AttentionTrial.Text(beginning + end))[0];
        Assert.Equal(alone, actual[..alone.Length]);
    }

    [Theory]
    [MemberData(nameof(Engines))]
    public void What_the_cache_holds_counts_as_the_text_before(string engine)
    {
        const int tokens = 130;
        using var trial = new AttentionTrial(tokens, 4, 2, 12, prefix: 3);
        var backend = Backend(engine);
        using var cache = backend.CreateCache(1, 2 * 12, tokens);
        var actual = new List<float>();
        foreach (var (from, to) in new[] { (0, 40), (40, 129), (129, 130) })
        {
            actual.AddRange(trial.Run(backend, AttentionTrial.Text(to - from, from), cache: cache, firstRow: from)[0]);
        }

        Near.Equal(0, RelativeError(trial.Exact(AttentionTrial.Text(tokens)), [.. actual]), s_errors[engine]);
    }

    [Theory]
    [MemberData(nameof(Engines))]
    public void Texts_of_a_cache_go_on_as_each_does_alone(string engine)
    {
        const int first = 70;
        const int second = 45;
        using var trial = new AttentionTrial(first + second + 80, 4, 2, 12, prefix: 3, window: 60);
        var backend = Backend(engine);
        using var together = backend.CreateCache(1, 2 * 12, 120, 2);
        using var alone = backend.CreateCache(1, 2 * 12, 120);
        trial.Run(backend, Texts((0, first, 0), (1, second, 0)), cache: together);
        trial.Run(backend, AttentionTrial.Text(second), cache: alone, firstRow: first);
        int length = second;
        foreach (int added in (int[])[33, 1, 2])
        {
            float[] both = trial.Run(backend, Texts((0, 3, first), (1, added, length)), cache: together, firstRow: first + length)[0];
            float[] own = trial.Run(backend, AttentionTrial.Text(added, length), cache: alone, firstRow: first + length + 3)[0];
            if (added > 1)
            {
                // One token of one text alone is decoded.
                Assert.Equal(own, both[(3 * 4 * 12)..]);
            }

            length += added;
        }

        static TokenBatch Texts(params (int Slot, int Tokens, int Position)[] texts)
        {
            var builder = new TokenBatchBuilder();
            foreach (var (slot, tokens, position) in texts)
            {
                builder.AddCached(slot, new int[tokens], position);
            }

            return builder.Build();
        }
    }

    [Fact]
    public void One_token_of_generation_is_computed_in_fp32()
    {
        using var trial = new AttentionTrial(20, 2, 2, 16);
        float[][] results = [.. ((string[])[Managed, "tiles"]).Select(engine =>
        {
            var backend = Backend(engine);
            using var cache = backend.CreateCache(1, 2 * 16, 20);
            trial.Run(backend, AttentionTrial.Text(19), cache: cache);
            return trial.Run(backend, AttentionTrial.Text(1, 19), cache: cache, firstRow: 19)[0];
        })];
        Assert.Equal(results[0], results[1]);
    }

    [Theory]
    [MemberData(nameof(Engines))]
    public void Results_depend_neither_on_threads_nor_on_what_else_is_in_the_batch(string engine)
    {
        var z = new GaussianDirection(new NoiseKey(1, NoiseStream.Direction, 1, 0));
        Probe[] probes = [Probe.Pair(z, 1e-2)];
        using var trial = new AttentionTrial(150, 2, 1, 18);
        var builder = new TokenBatchBuilder();
        builder.AddText(new int[77]);
        builder.AddText(new int[40]);
        var batch = builder.Build();
        float[][] one = trial.Run(Backend(engine, threads: 1), batch, probes);
        float[][] three = trial.Run(Backend(engine, threads: 3), batch, probes);
        float[][] alone = trial.Run(Backend(engine), AttentionTrial.Text(77), probes);
        Assert.Equal(one, three);
        Assert.Equal(alone, one.Select(y => y[..alone[0].Length]));
        Assert.NotEqual(one[0], one[1]);
    }

    [Theory]
    [MemberData(nameof(Engines))]
    public void Probes_are_near_the_fp32_result_at_theirs(string engine)
    {
        var z = new GaussianDirection(new NoiseKey(1, NoiseStream.Direction, 1, 0));
        Probe[] probes = [Probe.Pair(z, 0.1)];
        using var trial = new AttentionTrial(50, 2, 1, 16, prefix: 3);
        float[][] expected = trial.Run(Backend(Managed), AttentionTrial.Text(50), probes);
        float[][] actual = trial.Run(Backend(engine), AttentionTrial.Text(50), probes);
        for (int probe = 0; probe < expected.Length; probe++)
        {
            Near.Equal(0, RelativeError([.. expected[probe].Select(v => (double)v)], actual[probe]), s_errors[engine]);
        }
    }

    // Zero times a value and minus infinity in a maximum change nothing, so that it is all the same whether hidden keys take part.
    [Theory]
    [MemberData(nameof(Engines))]
    public void Keys_before_a_window_are_left_out_without_changing_a_bit(string engine)
    {
        const int heads = 2;
        const int tokens = 1700;
        foreach (int window in (int[])[1, 100, 800])
        {
            using var trial = new AttentionTrial(tokens, heads, 1, 6, window: window);
            var products = Products(engine);
            var some = new CountingAttention(products);
            var all = new CountingAttention(products, keyStep: int.MaxValue);
            float[] actual = trial.Run(Opened(new CpuBackend(2, some)), AttentionTrial.Text(tokens))[0];
            Assert.Equal(trial.Run(Opened(new CpuBackend(2, all)), AttentionTrial.Text(tokens))[0], actual);
            int panels = heads * CpuActivation.PanelsFor(tokens);
            Assert.InRange(some.Keys, heads * tokens, panels * (window + Panel.Lanes + products.Attention.KeyStep));
            Assert.InRange(all.Keys, panels * tokens / 2, panels * tokens);
        }
    }

    [Theory]
    [MemberData(nameof(Engines))]
    public void A_prefix_is_seen_from_beyond_the_window(string engine)
    {
        using var trial = new AttentionTrial(1000, 1, 1, 6, prefix: 3, window: 40);
        Check(engine, trial, AttentionTrial.Text(1000));
    }

    public void Dispose()
    {
        // Backends before the kernels they call.
        _opened.Reverse();
        _opened.ForEach(opened => opened.Dispose());
    }

    private static double RelativeError(double[] exact, float[] actual)
    {
        Assert.Equal(exact.Length, actual.Length);
        return Math.Sqrt(exact.Zip(actual, (e, a) => (e - a) * (e - a)).Sum() / exact.Sum(e => e * e));
    }

    private void Check(string engine, AttentionTrial trial, TokenBatch batch) =>
        Near.Equal(0, RelativeError(trial.Exact(batch), trial.Run(Backend(engine), batch)[0]), s_errors[engine]);

    private CpuBackend Backend(string engine, int threads = 2) => Opened(new CpuBackend(threads, Products(engine)));

    private ProductEngine Products(string engine) =>
        engine == Managed ? new ManagedProducts() : new BFloat16Products(Opened(PanelFunction.Reference(PanelKernelTests.Kernel(engine))));

    private T Opened<T>(T resource)
        where T : IDisposable
    {
        _opened.Add(resource);
        return resource;
    }
}
