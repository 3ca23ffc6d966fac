using IlZo.Backends;
using IlZo.Core.Tests.Models;
using IlZo.Noise;
using IlZo.Perturbations;

namespace IlZo.Gpu.Tests.Models;

/// <summary>Whole models: the golden numbers of the reference library at the tolerances that the CPU engine meets.</summary>
public class FixtureTests
{
    /// <summary>Folders of golden forward passes.</summary>
    public static TheoryData<string> Folders =>
    [
        "opt-tiny", "opt-tiny-bf16", "opt-350m-style", "gpt2-tiny", "llama-gqa", "llama-gqa-fp16", "llama3-rope", "roberta-tiny",
        "gemma-tiny", "gemma2-tiny", "phi3-longrope", "bert-tiny", "distilbert-tiny",
        .. LongTests.Of([
            "opt-tiny-fp16", "gpt2-tiny-hubnames-fp16", "llama-mha", "llama-gqa-bf16", "llama-gqa-sharded", "gemma-tiny-bf16", "phi3-tiny",
        ], _ => false),
    ];

    [Theory]
    [MemberData(nameof(Folders))]
    public void Logits_and_log_probabilities_of_every_input_equal_the_reference(string folder)
    {
        using var fixture = new ForwardFixture(folder);
        using var device = new TestDevice();
        device.Backend.Load(fixture.Model.Parameters);
        int vocabulary = fixture.Model.Shape.Vocabulary;
        var batch = ForwardFixture.Batch([.. fixture.Inputs.Select(i => i.Ids)]);
        var pass = device.Backend.Begin(batch, [Probe.Unperturbed]);
        var hidden = fixture.Model.Forward(pass);
        float[] logits = new float[batch.Count * vocabulary];
        pass.Logits(hidden, fixture.Model.Head, logits);
        int[] starts = [.. batch.Segments.Select(s => s.Start)];
        (int Output, int Id)[] targets =
            [.. fixture.Inputs.SelectMany((input, i) => input.Targets.Select(t => (starts[i] + t.Output, t.Id)))];
        double[] logProbabilities = pass.LogProbabilities(hidden, fixture.Model.Head, targets)[0];
        int target = 0;
        for (int i = 0; i < starts.Length; i++)
        {
            var input = fixture.Inputs[i];
            float[] expected = fixture.Expected(input.Name + ".logits");
            for (int t = 0; t < input.Ids.Length; t++)
            {
                Near.Equal(
                    expected.AsSpan(input.Slots[t] * vocabulary, vocabulary),
                    logits.AsSpan((starts[i] + t) * vocabulary, vocabulary),
                    1e-4);
            }

            foreach (int at in input.ExpectedAt)
            {
                Near.Equal(fixture.Expected(input.Expected)[at], logProbabilities[target++], 5e-5);
            }
        }

        Assert.Equal(targets.Length, target);
    }

    [Theory]
    [MemberData(nameof(Folders))]
    public void Losses_at_perturbed_weights_are_those_of_the_processor(string folder)
    {
        using var device = new TestDevice();
        AssertLosses(folder, device.Backend);
    }

    /// <summary>Compares the losses of two-point steps with those of the processor.</summary>
    internal static void AssertLosses(string folder, GpuBackend backend)
    {
        using var fixture = new ForwardFixture(folder, threads: 1);
        backend.Load(fixture.Model.Parameters);
        var input = fixture.Inputs[0];
        var batch = ForwardFixture.Batch(input.Ids);
        var key = new NoiseKey(3, NoiseStream.Direction, 1, 0);
        foreach (Direction direction in (Direction[])[new GaussianDirection(key), new RademacherDirection(key)])
        {
            Probe[] probes = [Probe.Pair(direction, 1e-2)];
            double[][] expected = fixture.LogProbabilities(input, probes);
            var pass = backend.Begin(batch, probes);
            double[][] actual = pass.LogProbabilities(fixture.Model.Forward(pass), fixture.Model.Head, input.Targets);
            for (int p = 0; p < expected.Length; p++)
            {
                Near.Equal(expected[p].Average(), actual[p].Average(), 5e-6);
            }

            Assert.True(Math.Abs(actual[0].Average() - actual[1].Average()) > 1e-4, "Both probes see the same weights.");
        }
    }

    [Theory]
    [InlineData("opt-350m-style", false)]
    [InlineData("llama-gqa", false)]
    [InlineData("llama-gqa", true)]
    public void A_ragged_batch_and_a_shared_prefix_give_the_bits_of_each_row_alone(string folder, bool cooperative)
    {
        using var fixture = new ForwardFixture(folder, threads: 1);
        using var device = new TestDevice(cooperative ? TestDevice.Cooperative : TestDevice.Single);
        device.Backend.Load(fixture.Model.Parameters);
        int[] prompt = fixture.Inputs[2].Ids[..11];
        int[][] endings = [[5, 6, 7], [8], [10, 11, 12, 13, 14, 15]];
        var builder = new TokenBatchBuilder();
        int other = builder.AddText([9, 8, 7]);
        int root = builder.AddText(prompt);
        int middle = builder.AddContinuation(root, [3, 4]);
        builder.Read(other, 2);
        foreach (int[] ending in endings)
        {
            builder.Read(builder.AddContinuation(middle, ending), ending.Length - 1);
        }

        int vocabulary = fixture.Model.Shape.Vocabulary;
        float[] shared = Logits(fixture, device.Backend, builder.Build());
        for (int i = 0; i < endings.Length; i++)
        {
            float[] row = Logits(fixture, device.Backend, ForwardFixture.Batch([.. prompt, 3, 4, .. endings[i]]))[^vocabulary..];
            Assert.Equal(row, shared[((i + 1) * vocabulary)..((i + 2) * vocabulary)]);
        }
    }

    [Theory]
    [InlineData("opt-tiny-fp16")]
    [InlineData("llama3-rope")]
    [InlineData("gemma2-tiny")]
    public void A_key_value_cache_gives_the_logits_of_the_whole_text(string folder)
    {
        using var fixture = new ForwardFixture(folder, threads: 1);
        using var device = new TestDevice();
        device.Backend.Load(fixture.Model.Parameters);
        int[] ids = fixture.Inputs[2].Ids;
        int vocabulary = fixture.Model.Shape.Vocabulary;
        float[] whole = fixture.Logits(ForwardFixture.Batch(ids));
        using var cache = device.Backend.CreateCache(fixture.Model.Shape.Layers, fixture.Model.Shape.KeyFeatures, ids.Length);
        int position = 0;
        foreach (int length in (int[])[7, 1, 1, ids.Length - 9])
        {
            var builder = new TokenBatchBuilder();
            builder.Read(builder.AddText(ids.AsSpan(position, length), position), length - 1);
            float[] logits = Logits(fixture, device.Backend, builder.Build(), cache);
            position += length;
            Near.Equal(whole.AsSpan((position - 1) * vocabulary, vocabulary), logits, 1e-4);
        }
    }

    [Fact]
    public void Texts_go_on_together_in_a_cache_as_each_does_alone()
    {
        using var fixture = new ForwardFixture("llama-gqa", threads: 1);
        using var device = new TestDevice();
        device.Backend.Load(fixture.Model.Parameters);
        var shape = fixture.Model.Shape;
        int[] ids = fixture.Inputs[2].Ids;
        using var together = device.Backend.CreateCache(shape.Layers, shape.KeyFeatures, ids.Length, 3);
        using var alone = device.Backend.CreateCache(shape.Layers, shape.KeyFeatures, ids.Length);
        Logits(fixture, device.Backend, Texts((0, ids[..9], 0), (2, ids[..5], 0)), together);
        Logits(fixture, device.Backend, Texts((0, ids[..9], 0)), alone);
        foreach (int position in (int[])[9, 10])
        {
            float[] both = Logits(
                fixture, device.Backend, Texts((0, [ids[position]], position), (2, [ids[position - 4]], position - 4)), together);
            float[] one = Logits(fixture, device.Backend, Texts((0, [ids[position]], position)), alone);
            Assert.Equal(one, both[..shape.Vocabulary]);

            // The second text is the beginning of the first.
            float[] begun = fixture.Logits(ForwardFixture.Batch(ids[..(position - 3)]));
            Near.Equal(begun.AsSpan((position - 4) * shape.Vocabulary), both.AsSpan(shape.Vocabulary), 1e-4);
        }

        together.CopyBeginning(2, 1, 4);
        float[] copied = Logits(fixture, device.Backend, Texts((1, ids[4..7], 4)), together);
        float[] whole = fixture.Logits(ForwardFixture.Batch(ids[..7]));
        Near.Equal(whole.AsSpan(6 * shape.Vocabulary), copied, 1e-4);

        static TokenBatch Texts(params (int Slot, int[] Ids, int Position)[] texts)
        {
            var builder = new TokenBatchBuilder();
            foreach (var (slot, tokens, position) in texts)
            {
                builder.Read(builder.AddCached(slot, tokens, position), tokens.Length - 1);
            }

            return builder.Build();
        }
    }

    [Theory]
    [InlineData("opt-350m-style")]
    [InlineData("gpt2-tiny")]
    [InlineData("llama-gqa")]
    [InlineData("roberta-tiny")]
    public void A_pass_may_read_no_token(string folder)
    {
        using var fixture = new ForwardFixture(folder, threads: 1);
        using var device = new TestDevice();
        device.Backend.Load(fixture.Model.Parameters);
        var builder = new TokenBatchBuilder();
        builder.AddText(fixture.Inputs[0].Ids);
        var batch = builder.Build();
        var direction = new GaussianDirection(new NoiseKey(3, NoiseStream.Direction, 0, 0));
        var pass = device.Backend.Begin(batch, [Probe.Pair(direction, 1e-3)]);
        var rows = fixture.Model.Forward(pass);
        Assert.Equal(0, rows.Tokens);
        pass.Logits(rows, fixture.Model.Head, []);
        Assert.Equal([[], []], pass.LogProbabilities(rows, fixture.Model.Head, []));
    }

    private static float[] Logits(ForwardFixture fixture, GpuBackend backend, TokenBatch batch, KeyValueCache? cache = null)
    {
        var pass = backend.Begin(batch, [Probe.Unperturbed], cache);
        float[] logits = new float[batch.Outputs.Count * fixture.Model.Shape.Vocabulary];
        pass.Logits(fixture.Model.Forward(pass), fixture.Model.Head, logits);
        return logits;
    }
}
