using IlZo.Backends;
using IlZo.Backends.Cpu;
using IlZo.Backends.Cpu.Emitted;
using IlZo.Noise;
using IlZo.Perturbations;
using Xunit;

namespace IlZo.Core.Tests.Models;

/// <summary>The forward pass against the numbers the reference library computes, at the tolerances the fixtures' README gives.</summary>
public class ForwardFixtureTests
{
    public static TheoryData<string> Causal =>
    [
        "opt-tiny", "opt-tiny-fp16", "opt-tiny-bf16", "opt-350m-style",
        "gpt2-tiny", "gpt2-tiny-hubnames-fp16",
        "llama-mha", "llama-gqa", "llama-gqa-fp16", "llama-gqa-bf16", "llama-gqa-sharded", "llama3-rope",
        "gemma-tiny", "gemma-tiny-bf16", "gemma2-tiny", "phi3-tiny", "phi3-longrope",
    ];

    public static TheoryData<string> All => [.. Causal.Select(row => row.Data), "roberta-tiny", "bert-tiny", "distilbert-tiny"];

    [Theory]
    [MemberData(nameof(All))]
    public void Logits_and_log_probabilities_of_every_input_equal_the_reference(string folder)
    {
        using var fixture = new ForwardFixture(folder);
        int vocabulary = fixture.Model.Shape.Vocabulary;
        foreach (var input in fixture.Inputs)
        {
            float[] expected = fixture.Expected(input.Name + ".logits");
            float[] actual = fixture.Logits(ForwardFixture.Batch(input.Ids));
            for (int t = 0; t < input.Ids.Length; t++)
            {
                Near.Equal(expected.AsSpan(input.Slots[t] * vocabulary, vocabulary), actual.AsSpan(t * vocabulary, vocabulary), 1e-4);
            }

            if (input.Targets.Count > 0)
            {
                float[] logprobs = fixture.Expected(input.Expected);
                double[] computed = fixture.LogProbabilities(input, Probe.Unperturbed)[0];
                for (int t = 0; t < computed.Length; t++)
                {
                    Near.Equal(logprobs[input.ExpectedAt[t]], computed[t], 5e-5);
                }

                Near.Equal(fixture.Expected(input.Name + ".mean_nll")[0], -computed.Average(), 5e-6);
            }
        }
    }

    [Theory]
    [MemberData(nameof(All))]
    public void Hidden_states_after_the_embeddings_and_every_layer_equal_the_reference(string folder)
    {
        using var fixture = new ForwardFixture(folder);
        var input = fixture.Inputs[0];
        var batch = ForwardFixture.Batch(input.Ids);
        var pass = fixture.Backend.Begin(batch, [Probe.Unperturbed]);
        int seen = 0;
        fixture.Model.Forward(pass, (layer, h) =>
        {
            float[] actual = new float[h.Tokens * h.Features];
            pass.Read(h, 0, actual);
            Near.Equal(fixture.Expected($"input0.hidden.{layer}"), actual, 5e-5);
            seen++;
        });
        Assert.Equal(fixture.Model.Shape.Layers + 1, seen);
    }

    [Theory]
    [MemberData(nameof(All))]
    public void A_ragged_batch_and_any_number_of_threads_give_the_bits_of_each_row_alone(string folder)
    {
        using var fixture = new ForwardFixture(folder, threads: 3);
        using var single = new ForwardFixture(folder, threads: 1);
        int[][] texts = [.. fixture.Inputs.Select(i => i.Ids)];
        float[] together = fixture.Logits(ForwardFixture.Batch(texts));
        float[] alone = [.. texts.SelectMany(t => single.Logits(ForwardFixture.Batch(t)))];
        Assert.Equal(alone, together);
    }

    [Theory]
    [MemberData(nameof(Causal))]
    public void A_shared_prefix_gives_the_bits_of_separate_rows(string folder)
    {
        using var fixture = new ForwardFixture(folder);
        int[] prompt = fixture.Inputs[2].Ids[..20];
        int[][] endings = [[5, 6, 7], [8], [.. Enumerable.Range(10, 40)]];
        float[] shared = fixture.Logits(ForwardFixture.Tree(prompt, [3, 4], endings));
        int vocabulary = fixture.Model.Shape.Vocabulary;
        for (int i = 0; i < endings.Length; i++)
        {
            int[] text = [.. prompt, 3, 4, .. endings[i]];
            float[] row = fixture.Logits(ForwardFixture.Batch(text))[^vocabulary..];
            Assert.Equal(row, shared[(i * vocabulary)..((i + 1) * vocabulary)]);
        }
    }

    [Theory]
    [MemberData(nameof(Causal))]
    public void A_key_value_cache_gives_the_logits_of_the_whole_text(string folder)
    {
        using var fixture = new ForwardFixture(folder);
        int[] ids = fixture.Inputs[2].Ids;
        int vocabulary = fixture.Model.Shape.Vocabulary;
        float[] whole = fixture.Logits(ForwardFixture.Batch(ids));
        using var cache = fixture.Backend.CreateCache(fixture.Model.Shape.Layers, fixture.Model.Shape.KeyFeatures, ids.Length);
        int position = 0;
        foreach (int length in (int[])[7, 1, 1, ids.Length - 9])
        {
            var builder = new TokenBatchBuilder();
            int segment = builder.AddText(ids.AsSpan(position, length), position);
            builder.Read(segment, length - 1);
            var batch = builder.Build();
            var pass = fixture.Backend.Begin(batch, [Probe.Unperturbed], cache);
            float[] logits = new float[vocabulary];
            pass.Logits(fixture.Model.Forward(pass), fixture.Model.Head, logits);
            position += length;
            Near.Equal(whole.AsSpan((position - 1) * vocabulary, vocabulary), logits, 1e-4);
        }
    }

    [Theory]
    [MemberData(nameof(All))]
    public void A_pass_may_read_no_token(string folder)
    {
        using var kernel = PanelFunction.Reference(TileKernel.Create(split: true));
        foreach (ProductEngine engine in (ProductEngine[])[new ManagedProducts(), new BFloat16Products(kernel)])
        {
            using var fixture = new ForwardFixture(folder, new CpuBackend(2, engine));
            var builder = new TokenBatchBuilder();
            builder.AddText(fixture.Inputs[0].Ids);
            var batch = builder.Build();
            var direction = new GaussianDirection(new NoiseKey(3, NoiseStream.Direction, 0, 0));
            foreach (Probe[] probes in (Probe[][])[[Probe.Unperturbed], [Probe.Pair(direction, 1e-3)]])
            {
                var pass = fixture.Backend.Begin(batch, probes);
                var rows = fixture.Model.Forward(pass);
                Assert.Equal(0, rows.Tokens);
                pass.Logits(rows, fixture.Model.Head, []);
                Assert.Equal(
                    [.. ProbePoints.Each(probes).Select(_ => Array.Empty<double>())], pass.LogProbabilities(rows, fixture.Model.Head, []));
            }
        }
    }

    [Theory]
    [MemberData(nameof(Causal))]
    public void A_pass_that_reads_no_token_fills_the_cache(string folder)
    {
        using var fixture = new ForwardFixture(folder);
        int[] ids = fixture.Inputs[2].Ids;
        var shape = fixture.Model.Shape;
        float[] expected = fixture.Logits(ForwardFixture.Batch(ids))[^shape.Vocabulary..];
        using var cache = fixture.Backend.CreateCache(shape.Layers, shape.KeyFeatures, ids.Length);
        var beginning = new TokenBatchBuilder();
        beginning.AddText(ids.AsSpan(0, ids.Length - 1));
        var unread = beginning.Build();
        fixture.Model.Forward(fixture.Backend.Begin(unread, [Probe.Unperturbed], cache));

        var end = new TokenBatchBuilder();
        end.Read(end.AddText(ids.AsSpan(ids.Length - 1), ids.Length - 1), 0);
        var last = end.Build();
        var pass = fixture.Backend.Begin(last, [Probe.Unperturbed], cache);
        float[] logits = new float[shape.Vocabulary];
        pass.Logits(fixture.Model.Forward(pass), fixture.Model.Head, logits);
        Near.Equal(expected, logits, 1e-4);
    }
}
