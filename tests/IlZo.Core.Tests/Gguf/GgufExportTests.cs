using System.Text.Json.Nodes;
using IlZo.Adapters;
using IlZo.Core.Tests.Models;
using IlZo.Gguf;
using IlZo.Models;
using IlZo.Tensors;
using Xunit;

namespace IlZo.Core.Tests.Gguf;

/// <summary>Models as GGUF files: the names, shapes and numbers that llama.cpp expects.</summary>
public sealed class GgufExportTests : IDisposable
{
    private readonly TempFolder _temp = new();

    public void Dispose() => _temp.Dispose();

    [Fact]
    public void Llama_has_its_rotated_halves_as_neighbours()
    {
        using var model = ModelLoader.Load(Fixture("llama-gqa"));
        var file = Save(model);
        int size = model.Shape.KeyFeatures / model.Shape.KeyValueHeads;
        foreach (var (name, stored) in new[] { ("attn_q", "q_proj"), ("attn_k", "k_proj") })
        {
            var weight = model.Parameters[$"model.layers.1.self_attn.{stored}.weight"];
            var (shape, _, values) = file.Tensors[$"blk.1.{name}.weight"];
            Assert.Equal([weight.Columns, weight.Rows], shape);
            for (int row = 0; row < weight.Rows; row++)
            {
                // Feature i of a head and feature i + size/2 are rotated together: in the file they are 2i and 2i + 1.
                int head = row / size * size;
                int i = row % size;
                int place = head + (i < size / 2 ? 2 * i : (2 * (i - (size / 2))) + 1);
                Assert.Equal(Row(weight, row), values[(place * weight.Columns)..((place + 1) * weight.Columns)]);
            }
        }

        var down = model.Parameters["model.layers.0.mlp.down_proj.weight"];
        Assert.Equal(All(down), file.Tensors["blk.0.ffn_down.weight"].Values);
        Assert.Equal("llama", file.Metadata["general.architecture"]);
        Assert.Equal((uint)model.Shape.KeyValueHeads, file.Metadata["llama.attention.head_count_kv"]);
        Assert.Equal((uint)size, file.Metadata["llama.rope.dimension_count"]);
    }

    [Theory]
    [InlineData("llama-gqa", "llama", 12)]
    [InlineData("llama3-rope", "llama", 12)]
    [InlineData("gemma-tiny", "gemma", 12)]
    [InlineData("phi3-tiny", "phi3", 9)]
    [InlineData("gpt2-tiny", "gpt2", 16)]
    public void Every_weight_of_a_model_is_in_its_file_once(string folder, string architecture, int least)
    {
        using var model = ModelLoader.Load(Fixture(folder));
        var file = Save(model);
        Assert.Equal(architecture, file.Metadata["general.architecture"]);
        int factors = file.Tensors.Keys.Count(n => n.StartsWith("rope_", StringComparison.Ordinal));
        Assert.Equal(model.Parameters.All.Count, file.Tensors.Count - factors);
        Assert.Equal(model.Parameters.Count, file.Tensors.Where(t => !t.Key.StartsWith("rope_", StringComparison.Ordinal))
            .Sum(t => t.Value.Shape.Aggregate(1L, (a, b) => a * b)));
        Assert.True(file.Tensors.Count > least);
        Assert.All(file.Tensors.Values, t => Assert.Equal(0u, t.Type));
        Assert.Equal((uint)model.Shape.Layers, file.Metadata[$"{architecture}.block_count"]);
        Assert.Equal((uint)model.Shape.Hidden, file.Metadata[$"{architecture}.embedding_length"]);
        Assert.Equal(model.Shape.Vocabulary, ((object[])file.Metadata["tokenizer.ggml.tokens"]).Length);
    }

    [Fact]
    public void Matrices_of_GPT2_are_transposed()
    {
        using var model = ModelLoader.Load(Fixture("gpt2-tiny"));
        var file = Save(model);
        var stored = model.Parameters.All.Single(p => p.Name.EndsWith("h.1.mlp.c_fc.weight", StringComparison.Ordinal));
        var (shape, _, values) = file.Tensors["blk.1.ffn_up.weight"];
        Assert.Equal([stored.Rows, stored.Columns], shape);
        float[] all = All(stored);
        for (int i = 0; i < stored.Rows; i++)
        {
            for (int o = 0; o < stored.Columns; o++)
            {
                Assert.Equal(all[(i * stored.Columns) + o], values[(o * stored.Rows) + i]);
            }
        }
    }

    [Fact]
    public void Norms_of_Gemma_are_written_with_their_1()
    {
        using var model = ModelLoader.Load(Fixture("gemma-tiny"));
        var norm = All(model.Parameters["model.norm.weight"]);
        Assert.Equal(norm.Select(w => w + 1), Save(model).Tensors["output_norm.weight"].Values);
    }

    // Long wavelengths are divided by the factor, short ones by 1.
    [Fact]
    public void Scaled_frequencies_of_Llama_3_are_factors()
    {
        using var model = ModelLoader.Load(Fixture("llama3-rope"));
        float[] factors = Save(model).Tensors["rope_freqs.weight"].Values;
        var scaling = JsonNode.Parse(model.Checkpoint.ConfigBytes)!["rope_scaling"]!;
        Near.Equal(1, factors[0], 1e-6);
        Near.Equal((double)scaling["factor"]!, factors[^1], 1e-5);
        Assert.All(factors.Zip(factors.Skip(1)), f => Assert.True(f.Second > f.First * (1 - 1e-6)));
    }

    [Fact]
    public void Matrices_have_the_type_that_is_asked_for_and_vectors_fp32()
    {
        using var model = ModelLoader.Load(TestData.Path("models", "stories260K"));
        foreach (var type in Enum.GetValues<GgufType>())
        {
            var exact = Save(model, GgufType.F32);
            var file = Save(model, type);
            Assert.Equal(0u, file.Tensors["blk.0.attn_norm.weight"].Type);
            Assert.Equal((uint)type, file.Tensors["blk.0.attn_q.weight"].Type);

            // Rows of 172 are no blocks.
            Assert.Equal(type == GgufType.Q8_0 ? 1u : (uint)type, file.Tensors["blk.0.ffn_down.weight"].Type);
            double bound = type switch { GgufType.F32 => 0, GgufType.F16 => 1 / 2048.0, _ => 1 / 200.0 };
            foreach (var (name, (_, _, values)) in file.Tensors)
            {
                double largest = exact.Tensors[name].Values.Max(Math.Abs);
                Assert.All(values.Zip(exact.Tensors[name].Values), v => Near.Equal(v.Second, v.First, bound * largest));
            }
        }
    }

    [Fact]
    public void Tokens_of_SentencePiece_have_their_scores_and_types()
    {
        using var model = ModelLoader.Load(TestData.Path("models", "stories260K"));
        var file = Save(model);
        object[] types = (object[])file.Metadata["tokenizer.ggml.token_type"];
        object[] tokens = (object[])file.Metadata["tokenizer.ggml.tokens"];
        object[] scores = (object[])file.Metadata["tokenizer.ggml.scores"];
        Assert.Equal(("llama", "<s>", 3, "<0x00>", 6), (file.Metadata["tokenizer.ggml.model"], tokens[1], types[1], tokens[3], types[3]));
        Assert.Equal((1u, 2u, true, false), (
            file.Metadata["tokenizer.ggml.bos_token_id"], file.Metadata["tokenizer.ggml.eos_token_id"],
            file.Metadata["tokenizer.ggml.add_bos_token"], file.Metadata["tokenizer.ggml.add_eos_token"]));

        // The first merge has the highest score of those that merge.
        Assert.Equal(0f, (float)scores[259]);
        Assert.True((float)scores[300] < (float)scores[299]);
    }

    // The same vocabulary as tokenizer.json alone has it: merges of a higher rank have a higher score.
    [Fact]
    public void Tokens_of_a_marked_BPE_are_scored_by_the_ranks_of_their_merges()
    {
        string folder = _temp["marked"];
        Copy(TestData.Path("models", "stories260K"), folder);
        using var whole = ModelLoader.Load(folder);
        var expected = Save(whole);
        File.Delete(Path.Combine(folder, "tokenizer.model"));
        using var model = ModelLoader.Load(folder);
        var file = Save(model);
        Assert.Equal(true, file.Metadata["tokenizer.ggml.add_space_prefix"]);
        foreach (string key in new[]
        {
            "tokenizer.ggml.model", "tokenizer.ggml.tokens", "tokenizer.ggml.token_type", "tokenizer.ggml.add_space_prefix",
        })
        {
            Assert.Equal(expected.Metadata[key], file.Metadata[key]);
        }

        float[] scores = [.. ((object[])file.Metadata["tokenizer.ggml.scores"]).Cast<float>()];
        float[] own = [.. ((object[])expected.Metadata["tokenizer.ggml.scores"]).Cast<float>()];
        int[] merged = [.. Enumerable.Range(259, 150)];
        Assert.Equal(merged.OrderByDescending(i => own[i]), merged.OrderByDescending(i => scores[i]));
    }

    [Theory]
    [InlineData("opt-tiny", "OPTForCausalLM, which the programs that read GGUF do not compute")]
    [InlineData("roberta-tiny", "RobertaForMaskedLM, which the programs that read GGUF do not compute")]
    [InlineData("gemma2-tiny", "multiplies scores by 0.18257418, for which GGUF has no form")]
    public void What_its_readers_would_compute_differently_is_refused(string folder, string message)
    {
        using var model = ModelLoader.Load(Fixture(folder));
        var error = Assert.Throws<InvalidInputException>(() => Save(model));
        Assert.Contains(message, error.Message, StringComparison.Ordinal);
        Assert.False(File.Exists(_temp["model.gguf"]));
    }

    [Theory]
    [InlineData("""{"rope_type":"dynamic","factor":2.0}""", "the RoPE type 'dynamic'")]
    [InlineData("""{"rope_type":"yarn","factor":2.0}""", "the RoPE type 'yarn'")]
    public void Rotations_without_a_form_are_refused(string scaling, string message)
    {
        using var model = ModelLoader.Load(Fixture("llama-gqa", config => config["rope_scaling"] = JsonNode.Parse(scaling)));
        var error = Assert.Throws<InvalidInputException>(() => Save(model));
        Assert.Contains(message, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_linear_scaling_is_named_with_its_factor()
    {
        using var model = ModelLoader.Load(
            Fixture("llama-gqa", config => config["rope_scaling"] = JsonNode.Parse("""{"rope_type":"linear","factor":4.0}""")));
        var file = Save(model);
        Assert.Equal(("linear", 4f), (file.Metadata["llama.rope.scaling.type"], file.Metadata["llama.rope.scaling.factor"]));
    }

    [Fact]
    public void Factors_of_LoRA_are_merged_and_an_ended_export_leaves_the_file_as_it_was()
    {
        using var plain = ModelLoader.Load(Fixture("llama-gqa"));
        var before = Save(plain);
        using var model = ModelLoader.Load(Fixture("llama-gqa"));
        AdapterFactory.Attach(model, new AdapterOptions("lora") { Rank = 2 }, null);
        foreach (var p in model.Adapter!.Parameters)
        {
            Adapter.Values(p).Fill(0.1f);
        }

        byte[] old = File.ReadAllBytes(_temp["model.gguf"]);
        Assert.Throws<OperationCanceledException>(
            () => GgufExport.Save(model, _temp["model.gguf"], cancellation: new CancellationToken(canceled: true)));
        Assert.Equal(old, File.ReadAllBytes(_temp["model.gguf"]));

        // Queries get the product of the factors, 2 · 0.1 · 0.1, times alpha over rank, 16/2.
        var after = Save(model);
        Assert.All(
            before.Tensors["blk.0.attn_q.weight"].Values.Zip(after.Tensors["blk.0.attn_q.weight"].Values),
            v => Near.Equal(0.16, v.Second - v.First, 1e-5));
        Assert.Equal(before.Tensors["blk.0.ffn_up.weight"].Values, after.Tensors["blk.0.ffn_up.weight"].Values);
    }

    private static float[] Row(Parameter parameter, int row) => All(parameter)[(row * parameter.Columns)..((row + 1) * parameter.Columns)];

    private static float[] All(Parameter parameter)
    {
        float[] all = new float[parameter.Count];
        for (int row = 0; row < parameter.Rows; row++)
        {
            GgufRows.Of(parameter).Read(row, all.AsSpan(row * parameter.Columns, parameter.Columns));
        }

        return all;
    }

    private static void Copy(string from, string to)
    {
        Directory.CreateDirectory(to);
        foreach (string file in Directory.GetFiles(from))
        {
            File.Copy(file, Path.Combine(to, Path.GetFileName(file)));
        }
    }

    // A fixture has no tokenizer: this one has a character for each id.
    private string Fixture(string name, Action<JsonObject>? change = null)
    {
        string folder = _temp[$"{name}-{Guid.NewGuid():N}"];
        Copy(TestData.Path("fixtures", "forward", name), folder);
        string path = Path.Combine(folder, "config.json");
        var config = (JsonObject)JsonNode.Parse(File.ReadAllText(path))!;
        change?.Invoke(config);
        File.WriteAllText(path, config.ToJsonString());
        var vocabulary = new JsonObject();
        for (int id = 0; id < (int)config["vocab_size"]!; id++)
        {
            vocabulary.Add(((char)(0x4E00 + id)).ToString(), id);
        }

        File.WriteAllText(Path.Combine(folder, "tokenizer.json"), new JsonObject
        {
            ["pre_tokenizer"] = new JsonObject { ["type"] = "ByteLevel", ["add_prefix_space"] = false },
            ["model"] = new JsonObject { ["type"] = "BPE", ["vocab"] = vocabulary, ["merges"] = new JsonArray() },
        }.ToJsonString());
        return folder;
    }

    private GgufFile Save(LanguageModel model, GgufType type = GgufType.F32)
    {
        GgufExport.Save(model, _temp["model.gguf"], type);
        return new GgufFile(_temp["model.gguf"]);
    }
}
