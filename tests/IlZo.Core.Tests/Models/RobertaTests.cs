using IlZo.Backends;
using IlZo.Checkpoints;
using IlZo.Models;
using IlZo.Perturbations;
using Xunit;

namespace IlZo.Core.Tests.Models;

/// <summary>
/// What only an encoder has: attention over the whole text, positions counted from the padding, a head with a bias, tied twice.
/// </summary>
public class RobertaTests
{
    [Fact]
    public void A_text_in_two_segments_is_refused_by_attention_that_is_not_causal()
    {
        using var fixture = new ForwardFixture("roberta-tiny");
        var builder = new TokenBatchBuilder();
        int beginning = builder.AddText([0, 5, 6]);
        builder.Read(builder.AddContinuation(beginning, [7, 2]), 1);
        var batch = builder.Build();
        var pass = fixture.Backend.Begin(batch, [Probe.Unperturbed]);
        var e = Assert.Throws<ArgumentException>(() => fixture.Model.Forward(pass));
        Assert.Contains("one segment", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_padding_token_within_a_text_takes_no_position()
    {
        using var fixture = new ForwardFixture("roberta-tiny");
        float[] plain = Embedded(fixture, [0, 5, 6]);
        float[] padded = Embedded(fixture, [0, 1, 5, 1, 6]);
        int width = fixture.Model.Shape.Hidden;
        Assert.Equal(plain[..width], padded[..width]);
        Assert.Equal(plain[width..(2 * width)], padded[(2 * width)..(3 * width)]);
        Assert.Equal(plain[(2 * width)..], padded[(4 * width)..]);
        Assert.Equal(padded[width..(2 * width)], padded[(3 * width)..(4 * width)]);
    }

    [Fact]
    public void A_text_may_fill_the_position_table_behind_the_padding()
    {
        using var fixture = new ForwardFixture("roberta-tiny");
        Assert.Equal(64, fixture.Model.Shape.MaxPositions);
        Assert.Equal(ModelKind.Masked, fixture.Model.Kind);
        Assert.All(fixture.Logits(ForwardFixture.Batch([.. Enumerable.Range(2, 64)])), logit => Assert.True(float.IsFinite(logit)));
    }

    [Theory]
    [InlineData("roberta.")]
    [InlineData("")]
    public void Copies_of_tied_tensors_and_buffers_may_be_stored_with_and_without_a_prefix(string prefix)
    {
        using var fixture = new ForwardFixture("roberta-tiny");
        using var temp = new TempFolder();
        WriteVariant(fixture, temp.Path, prefix);
        using var variant = ModelLoader.Load(temp.Path);

        Assert.Equal(105419, fixture.Model.Parameters.Count);
        Assert.Equal(105419, variant.Parameters.Count);
        var batch = ForwardFixture.Batch(fixture.Inputs[0].Ids);
        float[] expected = fixture.Logits(batch);
        float[] actual = new float[expected.Length];
        var pass = fixture.Backend.Begin(batch, [Probe.Unperturbed]);
        pass.Logits(variant.Forward(pass), variant.Head, actual);
        Assert.Equal(expected, actual);
    }

    [Theory]
    [InlineData("\"is_decoder\": true", "is_decoder")]
    [InlineData("\"position_embedding_type\": \"relative_key\"", "relative_key")]
    [InlineData("\"pad_token_id\": 65", "pad_token_id")]
    [InlineData("\"num_attention_heads\": 5", "num_attention_heads")]
    public void Configurations_that_are_not_built_are_refused_by_name(string field, string expected)
    {
        using var temp = new TempFolder();
        string folder = TestData.Path("fixtures", "forward", "roberta-tiny");
        File.Copy(Path.Combine(folder, "model.safetensors"), Path.Combine(temp.Path, "model.safetensors"));
        string[] config = File.ReadAllLines(Path.Combine(folder, "config.json"));
        string name = field[..field.IndexOf(':', StringComparison.Ordinal)];
        File.WriteAllLines(
            Path.Combine(temp.Path, "config.json"),
            ["{", field + ",", .. config[1..].Where(line => !line.Contains(name, StringComparison.Ordinal))]);
        using var opened = CheckpointFolder.Open(temp.Path);
        var e = Assert.Throws<InvalidInputException>(() => ModelCatalog.Load(opened));
        Assert.Contains(expected, e.Message, StringComparison.Ordinal);
    }

    private static float[] Embedded(ForwardFixture fixture, int[] ids)
    {
        float[] result = [];
        var batch = ForwardFixture.Batch(ids);
        var pass = fixture.Backend.Begin(batch, [Probe.Unperturbed]);
        fixture.Model.Forward(pass, (layer, h) =>
        {
            if (layer == 0)
            {
                result = new float[h.Tokens * h.Features];
                pass.Read(h, 0, result);
            }
        });
        return result;
    }

    // The fixture's tensors under other names, with what published files hold beside them.
    private static unsafe void WriteVariant(ForwardFixture fixture, string folder, string prefix)
    {
        var source = fixture.Model.Checkpoint.Tensors;
        List<TensorEntry> entries =
        [
            .. source.Values.Select(t => Renamed(t, t.Name.Replace("roberta.", prefix, StringComparison.Ordinal))),
            Renamed(source["roberta.embeddings.word_embeddings.weight"], "lm_head.decoder.weight"),
            Renamed(source["lm_head.bias"], "lm_head.decoder.bias"),
            Renamed(source["lm_head.dense.bias"], prefix + "embeddings.position_ids"),
            Renamed(source["lm_head.dense.weight"], prefix + "pooler.dense.weight"),
            Renamed(source["lm_head.dense.bias"], prefix + "pooler.dense.bias"),
        ];
        SafetensorsWriter.Write(Path.Combine(folder, "model.safetensors"), entries);
        File.Copy(Path.Combine(fixture.Folder, "config.json"), Path.Combine(folder, "config.json"));

        static TensorEntry Renamed(TensorEntry t, string name) => new(t.File, name, t.Type, t.Shape, t.Data);
    }
}
