using System.Text.Json.Nodes;
using IlZo.Adapters;
using IlZo.Arithmetic.Blocks;
using IlZo.Backends;
using IlZo.Checkpoints;
using IlZo.Core.Tests.Models;
using IlZo.Models;
using IlZo.Tensors;
using IlZo.Training;
using Xunit;

namespace IlZo.Core.Tests.Adapters;

/// <summary>The scales of a model in blocks as an adapter.</summary>
public sealed unsafe class ScalesTests : IDisposable
{
    private static readonly AdapterOptions s_scales = new("scales");

    private readonly TempFolder _temp = new();

    public void Dispose() => _temp.Dispose();

    [Theory]
    [MemberData(nameof(QuantizedCheckpointTests.Models), MemberType = typeof(QuantizedCheckpointTests))]
    public void The_start_is_the_model_in_blocks_bit_for_bit(string name, DType type)
    {
        Quantize(name, type);
        using var plain = new LoadedModel(_temp["blocks"]);
        using var scaled = new LoadedModel(_temp["blocks"]);
        AdapterFactory.Attach(scaled.Model, s_scales, null);
        int blocked = plain.Model.Parameters.All.Count(p => p.Type == type);
        Assert.Equal(blocked, scaled.Model.Parameters.Trained.Count);
        Assert.All(scaled.Model.Parameters.Trained, p => Assert.Equal(TensorKind.Scale, p.Role.Kind));
        Assert.Equal(plain.Model.Parameters.All.Where(p => p.Type == type).Sum(p => p.Count / type.Layout().BlockElements),
            scaled.Model.Parameters.TrainedCount);
        int[] ids = Ids(plain.Model);
        Assert.Equal(plain.Logits(ids), scaled.Logits(ids));
        using var plainCache = plain.CreateCache(16);
        using var scaledCache = scaled.CreateCache(16);
        for (int i = 0; i < ids.Length; i++)
        {
            Assert.Equal(plain.Logits(ids[i..(i + 1)], plainCache, i), scaled.Logits(ids[i..(i + 1)], scaledCache, i));
        }
    }

    [Fact]
    public void A_saved_adapter_loads_again_bit_for_bit_and_can_be_put_aside()
    {
        Quantize("stories260K", DType.Q4_0);
        using var model = new LoadedModel(_temp["blocks"]);
        int[] ids = Ids(model.Model);
        float[] plain = model.Logits(ids);
        Move(model.Model);
        float[] moved = model.Logits(ids);
        Assert.NotEqual(plain, moved);
        model.Model.SaveTrained(_temp["adapter"]);
        using (var file = SafetensorsFile.Open(_temp["adapter", "adapter_model.safetensors"]))
        {
            Assert.Contains(file.Tensors, t =>
                t.Name == "base_model.model.model.layers.0.self_attn.q_proj.weight.q4_0_scale" && t.Shape.SequenceEqual([64L, 2L]));
        }

        using var second = new LoadedModel(_temp["blocks"]);
        AdapterFactory.Attach(second.Model, _temp["adapter"]);
        Assert.Equal(moved, second.Logits(ids));
        Assert.Equal(model.Model.Parameters.Sha256(), second.Model.Parameters.Sha256());
        second.Model.Use(null);
        Assert.Equal(plain, second.Logits(ids));
    }

    // The scales of NF4 are fp32 in the blocks too, so nothing is rounded; fp16 scales are to nearest.
    [Theory]
    [InlineData(DType.Q8_0, 127 / 8f)]
    [InlineData(DType.Q4_0, 1f)]
    [InlineData(DType.NF4, 0f)]
    public void Merged_scales_are_in_the_blocks_in_their_own_type(DType type, float unit)
    {
        Quantize("stories260K", type);
        using var model = new LoadedModel(_temp["blocks"]);
        Move(model.Model);
        int[] ids = Ids(model.Model);
        float[] exact = model.Logits(ids);
        if (unit != 0)
        {
            foreach (var scales in model.Model.Adapter!.Parameters)
            {
                foreach (ref float s in Adapter.Values(scales))
                {
                    s = unit * (float)(Half)(s * 8 / (unit * 8));
                }
            }
        }

        float[] rounded = model.Logits(ids);
        Assert.Equal(type == DType.NF4, exact.AsSpan().SequenceEqual(rounded));
        Near.Equal(exact, rounded, 0.05);
        AdapterFiles.SaveMerged(model.Model, _temp["merged"]);
        Assert.Equal(rounded, model.Logits(ids));
        using var merged = new LoadedModel(_temp["merged"]);
        Assert.Contains(merged.Model.Parameters.All, p => p.Type == type);
        Assert.Equal(rounded, merged.Logits(ids));
    }

    [Fact]
    public void A_scale_that_its_block_cannot_hold_is_refused_when_it_is_merged()
    {
        Quantize("stories260K", DType.Q4_0);
        using var model = ModelLoader.Load(_temp["blocks"]);
        AdapterFactory.Attach(model, s_scales, null);
        Adapter.Values(model.Adapter!.Parameters[0])[3] = 1e6f;
        Assert.Equal(
            "Tensor 'model.embed_tokens.weight.q4_0_scale' has 1000000 at [1, 1], which overflows the scale of a block of q4_0; a smaller "
                + "one was expected.",
            Assert.Throws<InvalidInputException>(() => model.Adapter.Merge()).Message);
    }

    [Fact]
    public void What_has_no_such_scales_is_refused()
    {
        string plain = TestData.Path("models", "stories260K");
        Refuses(
            plain,
            "scales",
            $"'{plain}' has no weights in blocks with one scale each, which the adapter scales trains; a model in q8_0, q4_0, q4_z or nf4 "
                + "was expected, such as quantize and import make.");

        // Scales of another format have other names.
        Quantize("stories260K", DType.Q8_0);
        using (var model = ModelLoader.Load(_temp["blocks"]))
        {
            AdapterFactory.Attach(model, s_scales, null);
            model.SaveTrained(_temp["adapter"]);
        }

        Directory.Delete(_temp["blocks"], recursive: true);
        Quantize("stories260K", DType.Q4_0);
        Refuses(_temp["blocks"], _temp["adapter"], "q4_0_scale' is missing");
    }

    [Theory]
    [InlineData("opt", "does not belong to the adapter")]
    [InlineData("nan", "finite weights were expected")]
    [InlineData("shape", "has shape [64, 3]; [64, 2] was expected, since peft_type is BLOCK_SCALES")]
    [InlineData("missing", "is missing; one of shape [64, 2] was expected")]
    [InlineData("field", "'modules_to_save' has 'lm_head'")]
    public void Files_of_other_scales_are_refused(string change, string message)
    {
        Quantize("stories260K", DType.Q4_0);
        using (var model = ModelLoader.Load(_temp["blocks"]))
        {
            AdapterFactory.Attach(model, s_scales, null);
            Adapter.Values(model.Adapter!.Parameters[1])[1] = change == "nan" ? float.NaN : 1;
            model.SaveTrained(_temp["adapter"]);
        }

        string config = _temp["adapter", "adapter_config.json"];
        string weights = _temp["adapter", "adapter_model.safetensors"];
        if (change == "field")
        {
            var json = JsonNode.Parse(File.ReadAllText(config))!;
            json["modules_to_save"] = new JsonArray("lm_head");
            File.WriteAllText(config, json.ToJsonString());
        }
        else if (change != "nan")
        {
            Rewrite(weights, change);
        }

        Refuses(_temp["blocks"], _temp["adapter"], message);
    }

    // Of two levels (Q4_K, Q6_K) there are none, and what stayed in fp32 has none.
    [Fact]
    public void Scales_are_trained_of_all_blocks_that_have_one()
    {
        Assert.Equal(
            [DType.Q8_0, DType.Q4_0, DType.NF4, DType.Q4_Z], Enum.GetValues<DType>().Where(BlockScales.Has));
        Quantize("stories260K", DType.Q4_0, "role:token-embedding");
        using var model = ModelLoader.Load(_temp["blocks"]);
        AdapterFactory.Attach(model, s_scales, null);
        Assert.DoesNotContain(model.Parameters.Trained, p => p.Role.Part == ModelPart.TokenEmbedding);
        Assert.All(model.Parameters.All.Where(p => p.Type != DType.Q4_0 && p.Role.Kind != TensorKind.Scale), p => Assert.Null(p.Scales));
        Assert.All(model.Parameters.All.Where(p => p.Type == DType.Q4_0), p => Assert.Equal(p.Rows, p.Scales!.Rows));
    }

    [Fact]
    public void Predicted_memory_has_the_scales()
    {
        Quantize("stories260K", DType.Q4_0);
        using var model = ModelLoader.Load(_temp["blocks"]);
        long before = model.Parameters.ByteCount;
        AdapterFactory.Attach(model, s_scales, null);
        var options = new TrainingOptions { Adapter = "scales", Epsilon = 1e-3, Queries = 1 };
        var memory = TrainingMemory.Predict(model, null, options, 1, 8, DeviceKind.Cpu);
        Assert.Equal(before + (4 * model.Parameters.TrainedCount), memory.Weights);
        Assert.Equal(0, memory.State);

        // DiZO keeps the start, twice where it reads it.
        memory = TrainingMemory.Predict(model, null, options with { Optimizer = "dizo" }, 1, 8, DeviceKind.Cpu);
        Assert.Equal(8 * model.Parameters.TrainedCount, memory.State);
    }

    private static int[] Ids(LanguageModel model) => [.. Enumerable.Range(0, 11).Select(i => ((7 * i) + 3) % model.Shape.Vocabulary)];

    private static void Refuses(string model, string adapter, string message)
    {
        using var loaded = ModelLoader.Load(model);
        Assert.Contains(
            message,
            Assert.Throws<InvalidInputException>(() => AdapterFactory.Attach(loaded, new AdapterOptions(adapter), null)).Message,
            StringComparison.Ordinal);
    }

    // Scales a few percent away from their start.
    private static void Move(LanguageModel model)
    {
        AdapterFactory.Attach(model, s_scales, null);
        foreach (var scales in model.Adapter!.Parameters)
        {
            var values = Adapter.Values(scales);
            for (int i = 0; i < values.Length; i++)
            {
                values[i] *= 1 + (0.03f * MathF.Sin(i));
            }
        }
    }

    private void Quantize(string name, DType type, string? keep = null)
    {
        using var source = ModelLoader.Load(TestData.Path("models", name));
        QuantizedCheckpoint.Save(source, _temp["blocks"], type, keep);
    }

    // Writes the file again with another tensor, without one, or with one of another shape.
    private static void Rewrite(string path, string change)
    {
        const string Changed = "base_model.model.model.layers.0.self_attn.q_proj.weight.q4_0_scale";
        using var numbers = new NativeBuffer(64 * 3 * sizeof(float));
        new Span<float>(numbers.Data, 64 * 3).Fill(0.5f);
        byte[] content;
        using (var file = SafetensorsFile.Open(path))
        {
            var tensors = file.Tensors.Where(t => change == "opt" || t.Name != Changed).ToList();
            if (change is "opt" or "shape")
            {
                tensors.Add(new TensorEntry(path, change == "opt" ? "base_model.model.other" : Changed, "F32", [64, 3], numbers.Data));
            }

            SafetensorsWriter.Write(path + ".new", tensors, new Dictionary<string, string> { ["format"] = "pt" });
            content = File.ReadAllBytes(path + ".new");
        }

        File.Delete(path + ".new");
        File.WriteAllBytes(path, content);
    }
}
