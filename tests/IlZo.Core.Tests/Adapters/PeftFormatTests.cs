using System.Text.Json;
using System.Text.Json.Nodes;
using IlZo.Adapters;
using IlZo.Backends.Cpu;
using IlZo.Checkpoints;
using IlZo.Core.Tests.Models;
using IlZo.Models;
using IlZo.Tensors;
using Xunit;

namespace IlZo.Core.Tests.Adapters;

/// <summary>
/// The files of adapters. The expected listings are written from PEFT's source (src/peft/utils/save_and_load.py, the configurations of LoRA
/// and prefix tuning, and get_prompt of src/peft/peft_model.py).
/// </summary>
public sealed unsafe class PeftFormatTests : IDisposable
{
    private readonly TempFolder _temp = new();

    public void Dispose() => _temp.Dispose();

    [Fact]
    public void Lora_has_PEFTs_names_shapes_and_fields()
    {
        Save("opt-tiny", new AdapterOptions("lora") { Rank = 4, Alpha = 8 });
        using var file = SafetensorsFile.Open(_temp["adapter", "adapter_model.safetensors"]);
        int hidden = Hidden("opt-tiny");
        Assert.Equal(
            Enumerable.Range(0, 3).SelectMany(layer => new[] { "q_proj", "v_proj" }.SelectMany(part => new[]
            {
                $"base_model.model.model.decoder.layers.{layer}.self_attn.{part}.lora_A.weight F32 [4, {hidden}]",
                $"base_model.model.model.decoder.layers.{layer}.self_attn.{part}.lora_B.weight F32 [{hidden}, 4]",
            })),
            file.Tensors.Select(t => $"{t.Name} {t.Type} [{string.Join(", ", t.Shape)}]"));
        Assert.Equal("pt", file.Metadata["format"]);
        string path = ForwardPath("opt-tiny");
        AssertConfig($$"""
            {
              "alpha_pattern": {}, "auto_mapping": null, "base_model_name_or_path": {{JsonSerializer.Serialize(path)}}, "bias": "none",
              "fan_in_fan_out": false, "inference_mode": true, "init_lora_weights": true, "layers_pattern": null,
              "layers_to_transform": null, "lora_alpha": 8, "lora_dropout": 0.0, "modules_to_save": null, "peft_type": "LORA", "r": 4,
              "rank_pattern": {}, "revision": null, "target_modules": ["q_proj", "v_proj"], "task_type": "CAUSAL_LM", "use_rslora": false
            }
            """);
    }

    [Fact]
    public void Lora_of_a_masked_model_is_on_queries_and_values_too()
    {
        Save("roberta-tiny", new AdapterOptions("lora"));
        using var file = SafetensorsFile.Open(_temp["adapter", "adapter_model.safetensors"]);
        Assert.Equal("base_model.model.roberta.encoder.layer.0.attention.self.query.lora_A.weight", file.Tensors[0].Name);
        Assert.Equal("base_model.model.roberta.encoder.layer.0.attention.self.value.lora_B.weight", file.Tensors[3].Name);
        using var config = JsonDocument.Parse(File.ReadAllBytes(_temp["adapter", "adapter_config.json"]));
        Assert.Equal("FEATURE_EXTRACTION", config.RootElement.GetProperty("task_type").GetString());
        Assert.Equal("[\"query\",\"value\"]", JsonSerializer.Serialize(config.RootElement.GetProperty("target_modules")));
    }

    // GPT-2 keeps weights as [in, out], and queries, keys and values in one layer; the factors are as everywhere.
    [Fact]
    public void Lora_of_transposed_weights_says_so()
    {
        Save("gpt2-tiny", new AdapterOptions("lora"));
        int hidden = Hidden("gpt2-tiny");
        using var file = SafetensorsFile.Open(_temp["adapter", "adapter_model.safetensors"]);
        Assert.Equal("base_model.model.transformer.h.0.attn.c_attn.lora_A.weight", file.Tensors[0].Name);
        Assert.Equal([8, hidden], file.Tensors[0].Shape);
        Assert.Equal([3 * hidden, 8], file.Tensors[1].Shape);
        using var config = JsonDocument.Parse(File.ReadAllBytes(_temp["adapter", "adapter_config.json"]));
        Assert.True(config.RootElement.GetProperty("fan_in_fan_out").GetBoolean());
    }

    // Grouped queries: token_dim and num_attention_heads are those of the keys.
    [Fact]
    public void A_prefix_has_PEFTs_names_shapes_and_fields()
    {
        using var fixture = new ForwardFixture("llama-gqa");
        AdapterFactory.Attach(fixture.Model, new AdapterOptions("prefix") { PrefixTokens = 3 }, fixture.Backend);
        fixture.Model.SaveTrained(_temp["adapter"]);
        var shape = fixture.Model.Shape;
        using var file = SafetensorsFile.Open(_temp["adapter", "adapter_model.safetensors"]);
        var tensor = Assert.Single(file.Tensors);
        Assert.Equal("prompt_embeddings", tensor.Name);
        Assert.Equal([3, shape.Layers * 2 * shape.KeyFeatures], tensor.Shape);
        var config = fixture.Model.Checkpoint.ConfigJson;
        int heads = config.GetProperty("num_key_value_heads").GetInt32();
        Assert.NotEqual(heads, config.GetProperty("num_attention_heads").GetInt32());
        AssertConfig($$"""
            {
              "auto_mapping": null, "base_model_name_or_path": {{JsonSerializer.Serialize(ForwardPath("llama-gqa"))}},
              "encoder_hidden_size": {{shape.KeyFeatures}}, "inference_mode": true, "num_attention_heads": {{heads}},
              "num_layers": {{shape.Layers}}, "num_transformer_submodules": 1, "num_virtual_tokens": 3, "peft_type": "PREFIX_TUNING",
              "prefix_projection": false, "revision": null, "task_type": "CAUSAL_LM", "token_dim": {{shape.KeyFeatures}}
            }
            """);

        // A row is a token: keys of layer 0, values of layer 0, keys of layer 1, ...
        var embeddings = new ReadOnlySpan<float>(tensor.Data, (int)(tensor.Shape[0] * tensor.Shape[1]));
        for (int i = 0; i < 2 * shape.Layers; i++)
        {
            var part = fixture.Model.Parameters[$"prefix.layers.{i / 2}.{(i % 2 == 0 ? "keys" : "values")}"];
            for (int token = 0; token < 3; token++)
            {
                Assert.Equal(
                    embeddings.Slice((int)((token * tensor.Shape[1]) + (i * shape.KeyFeatures)), shape.KeyFeatures).ToArray(),
                    Adapter.Row(part, token).ToArray());
            }
        }
    }

    [Theory]
    [InlineData("opt-tiny", "lora", PrefixPositions.Kept)]
    [InlineData("llama-gqa-bf16", "lora", PrefixPositions.Kept)]
    [InlineData("opt-350m-style", "prefix", PrefixPositions.Kept)]
    [InlineData("llama-gqa", "prefix", PrefixPositions.Shifted)]
    [InlineData("roberta-tiny", "prefix", PrefixPositions.Shifted)]
    public void A_saved_adapter_loads_again_bit_for_bit(string folder, string kind, PrefixPositions positions)
    {
        using var fixture = new ForwardFixture(folder);
        AdapterFactory.Attach(fixture.Model, new AdapterOptions(kind) { PrefixPositions = positions }, fixture.Backend);
        foreach (var p in fixture.Model.Adapter!.Parameters)
        {
            Adapter.Values(p)[0] += 0.25f;
        }

        fixture.Model.SaveTrained(_temp["adapter"]);
        var batch = ForwardFixture.Batch([4, 9, 2, 33]);
        float[] expected = fixture.Logits(batch);
        using var second = new ForwardFixture(folder);
        AdapterFactory.Attach(second.Model, _temp["adapter"]);
        Assert.IsType(fixture.Model.Adapter.GetType(), second.Model.Adapter);
        Assert.Equal(expected, second.Logits(batch));
        Assert.Equal(fixture.Model.Parameters.Sha256(), second.Model.Parameters.Sha256());

        // Saving over it is possible, over anything else not.
        second.Model.SaveTrained(_temp["adapter"]);
        File.WriteAllText(_temp["adapter", "notes.txt"], "mine");
        Assert.Contains(
            "notes.txt",
            Assert.Throws<InvalidInputException>(() => second.Model.SaveTrained(_temp["adapter"])).Message,
            StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("use_rslora", "true", 4.0)]
    [InlineData("target_modules", "\"model\\\\.decoder\\\\.layers\\\\.\\\\d+\\\\.self_attn\\\\.(q|v)_proj\"", 2.0)]
    [InlineData("target_modules", "[\"self_attn.q_proj\", \"v_proj\"]", 2.0)]
    [InlineData("init_lora_weights", "\"gaussian\"", 2.0)]
    [InlineData("loftq_config", "{}", 2.0)]
    [InlineData("corda_config", "null", 2.0)]
    [InlineData("lora_dropout", "0.05", 2.0)]
    public void What_PEFT_writes_is_understood(string field, string value, double scale)
    {
        Save("opt-tiny", new AdapterOptions("lora") { Rank = 4, Alpha = 8 });
        Change(field, value);
        using var model = AdapterFactory.Load(ForwardPath("opt-tiny"), _temp["adapter"]);
        Assert.Equal(scale, ((LoraAdapter)model.Adapter!).Scale);
    }

    [Theory]
    [InlineData("use_dora", "true", "'use_dora'")]
    [InlineData("modules_to_save", "[\"lm_head\"]", "'modules_to_save' has 'lm_head'")]
    [InlineData("rank_pattern", "{\"q_proj\": 2}", "'rank_pattern'")]
    [InlineData("alpha_pattern", "{\"q_proj\": 2}", "'alpha_pattern'")]
    [InlineData("layers_to_transform", "[0]", "'layers_to_transform'")]
    [InlineData("lora_bias", "true", "'lora_bias'")]
    [InlineData("bias", "\"all\"", "bias is 'all'")]
    [InlineData("init_lora_weights", "\"pissa_niter_4\"", "init_lora_weights is 'pissa_niter_4'")]
    [InlineData("peft_type", "\"IA3\"", "peft_type is 'IA3'")]
    [InlineData("peft_type", "null", "peft_type is 'absent'")]
    [InlineData("target_modules", "null", "target_modules is absent")]
    [InlineData(
        "target_modules", "[\"q_proj\"]", "'base_model.model.model.decoder.layers.0.self_attn.v_proj.lora_A.weight' does not belong")]
    [InlineData("target_modules", "[\"q_proj\", \"v_proj\", \"k_proj\"]", "k_proj.lora_A.weight' is missing")]
    [InlineData("target_modules", "[\"c_attn\"]", "'c_attn', which is the name of no linear layer")]
    [InlineData("target_modules", "\"(\"", "not a regular expression")]
    [InlineData("r", "8", "has shape [4, ")]
    [InlineData("r", "0", "r is 0")]
    [InlineData("lora_alpha", "\"many\"", "lora_alpha is")]
    public void What_would_be_another_adapter_is_refused(string field, string value, string message)
    {
        Save("opt-tiny", new AdapterOptions("lora") { Rank = 4, Alpha = 8 });
        Change(field, value);
        AssertRefused(message);
    }

    [Fact]
    public void A_folder_that_is_no_adapter_or_has_other_numbers_is_refused()
    {
        Directory.CreateDirectory(_temp["adapter"]);
        AssertRefused("has no adapter_config.json");
        Save("llama-gqa", new AdapterOptions("prefix"));
        AssertRefused("num_layers is", "token_dim is", "has shape");
        Save("opt-tiny", new AdapterOptions("lora"));
        File.Delete(_temp["adapter", "adapter_model.safetensors"]);
        AssertRefused("adapter_model.safetensors' does not exist");
        Save("opt-tiny", new AdapterOptions("lora"), float.NaN);
        AssertRefused("finite weights were expected");
        File.WriteAllText(_temp["adapter", "adapter_config.json"], "[]");
        AssertRefused("adapter_config.json' holds a JSON array");
    }

    [Theory]
    [InlineData("bert-classes", "lora", "bert.pooler.dense classifier")]
    [InlineData("bert-classes", "prefix", null)]
    [InlineData("distilbert-classes", "lora", "classifier pre_classifier")]
    public void A_classification_head_is_trained_and_saved_with_an_adapter(string folder, string kind, string? modules)
    {
        using var fixture = LoadClassifier(folder, out var backend);
        AdapterFactory.Attach(fixture, new AdapterOptions(kind), backend);
        Assert.Equal(4, fixture.Parameters.Trained.Count(p => p.Role.Part == ModelPart.Head));
        Assert.All(fixture.Parameters.Trained, p => Assert.True(
            p.Role.Part == ModelPart.Head || p.Role.Kind is TensorKind.LoraA or TensorKind.LoraB or TensorKind.Prefix));
        foreach (var p in fixture.Parameters.Trained)
        {
            Adapter.Values(p)[0] += 0.25f;
        }

        fixture.SaveTrained(_temp["adapter"]);
        var config = JsonNode.Parse(File.ReadAllText(_temp["adapter", "adapter_config.json"]))!;
        Assert.Equal(modules?.Split(' '), config["modules_to_save"]?.AsArray().Select(m => m!.GetValue<string>()));
        using (var file = SafetensorsFile.Open(_temp["adapter", "adapter_model.safetensors"]))
        {
            Assert.Contains(file.Tensors, t => t.Name == "base_model.model.classifier.weight");
        }

        using var second = ModelLoader.Load(ForwardPath(folder));
        AdapterFactory.Attach(second, _temp["adapter"]);
        Assert.Equal(fixture.Parameters.Sha256(), second.Parameters.Sha256());
        Assert.Equal(fixture.Parameters.Trained.Select(p => p.Name), second.Parameters.Trained.Select(p => p.Name));
        Assert.Equal(second.Parameters.Trained.Sum(p => p.Count), second.Adapter!.Copy().Values.Sum(v => (long)v.Length));
        backend.Dispose();
    }

    // PEFT's own choice for classification: these two names, whatever the model calls its head.
    [Fact]
    public void The_head_of_an_adapter_of_PEFT_is_read_and_other_modules_are_refused()
    {
        using (var model = LoadClassifier("bert-classes", out var backend))
        {
            AdapterFactory.Attach(model, new AdapterOptions("lora"), backend);
            model.SaveTrained(_temp["adapter"]);
            backend.Dispose();
        }

        Change("modules_to_save", """["classifier", "score"]""");
        AssertRefusedFor("bert-classes", "'base_model.model.bert.pooler.dense.bias' does not belong to the adapter");
        Change("modules_to_save", """["classifier", "pooler.dense"]""");
        using (var model = AdapterFactory.Load(ForwardPath("bert-classes"), _temp["adapter"]))
        {
            Assert.Equal(4, model.Adapter!.Head.Count);
        }

        Change("modules_to_save", """["classifier", "dense"]""");
        AssertRefusedFor("bert-classes", "'modules_to_save' has 'dense'");
        Change("modules_to_save", """["classifier", "word_embeddings"]""");
        AssertRefusedFor("bert-classes", "'modules_to_save' has 'word_embeddings'");
        Change("modules_to_save", "null");
        AssertRefusedFor("bert-classes", "does not belong to the adapter");
        Change("modules_to_save", "7");
        AssertRefusedFor("bert-classes", "modules_to_save is 7");
    }

    // As PEFT writes them: without metadata that says that positions are kept.
    [Fact]
    public void A_prefix_of_PEFT_shifts_positions()
    {
        foreach (var positions in Enum.GetValues<PrefixPositions>())
        {
            Save("opt-tiny", new AdapterOptions("prefix") { PrefixPositions = positions });
            using var file = SafetensorsFile.Open(_temp["adapter", "adapter_model.safetensors"]);
            Assert.Equal(positions == PrefixPositions.Kept, file.Metadata.ContainsKey("ilzo.prefix_positions"));
            using var model = AdapterFactory.Load(ForwardPath("opt-tiny"), _temp["adapter"]);
            Assert.Equal(positions == PrefixPositions.Kept ? 0 : 5, ((PrefixAdapter)model.Adapter!).PositionShift);
        }
    }

    private static LanguageModel LoadClassifier(string name, out CpuBackend backend)
    {
        backend = new CpuBackend(2);
        return ModelLoader.Load(ForwardPath(name));
    }

    private void AssertRefusedFor(string folder, string message) => Assert.Contains(
        message,
        Assert.Throws<InvalidInputException>(() => AdapterFactory.Load(ForwardPath(folder), _temp["adapter"])).Message,
        StringComparison.Ordinal);

    private static string ForwardPath(string name) => TestData.Path("fixtures", "forward", name);

    private static int Hidden(string name)
    {
        using var model = ModelLoader.Load(ForwardPath(name));
        return model.Shape.Hidden;
    }

    private void Save(string folder, AdapterOptions options, float value = 0.5f)
    {
        using var fixture = new ForwardFixture(folder);
        AdapterFactory.Attach(fixture.Model, options, fixture.Backend);
        Adapter.Values(fixture.Model.Adapter!.Parameters[0])[0] = value;
        fixture.Model.SaveTrained(_temp["adapter"]);
    }

    private void Change(string field, string value)
    {
        string path = _temp["adapter", "adapter_config.json"];
        var config = JsonNode.Parse(File.ReadAllText(path))!.AsObject();
        config[field] = JsonNode.Parse(value);
        File.WriteAllText(path, config.ToJsonString());
    }

    private void AssertRefused(params string[] messages)
    {
        var error = Assert.Throws<InvalidInputException>(() => AdapterFactory.Load(ForwardPath("opt-tiny"), _temp["adapter"]));
        Assert.Contains(messages, m => error.Message.Contains(m, StringComparison.Ordinal));
    }

    private void AssertConfig(string expected)
    {
        string text = File.ReadAllText(_temp["adapter", "adapter_config.json"]);
        var config = JsonNode.Parse(text)!.AsObject();
        Assert.True(JsonNode.DeepEquals(JsonNode.Parse(expected), config), text);
        Assert.Equal(config.Select(f => f.Key).Order(StringComparer.Ordinal), config.Select(f => f.Key));
    }
}
