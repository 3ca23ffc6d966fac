using System.Text.RegularExpressions;
using IlZo.Adapters;
using IlZo.Models;
using IlZo.Tensors;
using Xunit;

namespace IlZo.Core.Tests.Models;

/// <summary>What each tensor of each family is, written down by hand from the papers and the reference library.</summary>
public sealed partial class RoleTests : IDisposable
{
    private const string Opt = """
        embed_tokens.weight token-embedding
        embed_positions.weight position-embedding
        """ + OptLayer;

    private const string OptLayer = """

        layers.N.self_attn.q_proj.weight query
        layers.N.self_attn.q_proj.bias query bias
        layers.N.self_attn.k_proj.weight key
        layers.N.self_attn.k_proj.bias key bias
        layers.N.self_attn.v_proj.weight value
        layers.N.self_attn.v_proj.bias value bias
        layers.N.self_attn.out_proj.weight attention-output
        layers.N.self_attn.out_proj.bias attention-output bias
        layers.N.fc1.weight mlp-up
        layers.N.fc1.bias mlp-up bias
        layers.N.fc2.weight mlp-down
        layers.N.fc2.bias mlp-down bias
        layers.N.self_attn_layer_norm.weight norm
        layers.N.self_attn_layer_norm.bias norm bias
        layers.N.final_layer_norm.weight norm
        layers.N.final_layer_norm.bias norm bias

        """;

    private const string OptFinalNorm = """
        final_layer_norm.weight norm
        final_layer_norm.bias norm bias

        """;

    private const string OptProjections = """
        project_in.weight embedding-projection
        project_out.weight embedding-projection
        """;

    private const string Gpt2 = """
        wte.weight token-embedding
        wpe.weight position-embedding
        h.N.ln_1.weight norm
        h.N.ln_1.bias norm bias
        h.N.attn.c_attn.weight query-key-value
        h.N.attn.c_attn.bias query-key-value bias
        h.N.attn.c_proj.weight attention-output
        h.N.attn.c_proj.bias attention-output bias
        h.N.ln_2.weight norm
        h.N.ln_2.bias norm bias
        h.N.mlp.c_fc.weight mlp-up
        h.N.mlp.c_fc.bias mlp-up bias
        h.N.mlp.c_proj.weight mlp-down
        h.N.mlp.c_proj.bias mlp-down bias
        ln_f.weight norm
        ln_f.bias norm bias

        """;

    private const string Llama = """
        embed_tokens.weight token-embedding
        layers.N.self_attn.q_proj.weight query
        layers.N.self_attn.k_proj.weight key
        layers.N.self_attn.v_proj.weight value
        layers.N.self_attn.o_proj.weight attention-output
        layers.N.mlp.gate_proj.weight mlp-gate
        layers.N.mlp.up_proj.weight mlp-up
        layers.N.mlp.down_proj.weight mlp-down
        layers.N.input_layernorm.weight norm
        layers.N.post_attention_layernorm.weight norm
        norm.weight norm

        """;

    private const string QueryKeyValueBiases = """
        layers.N.self_attn.q_proj.bias query bias
        layers.N.self_attn.k_proj.bias key bias
        layers.N.self_attn.v_proj.bias value bias

        """;

    private const string OtherBiases = """
        layers.N.self_attn.o_proj.bias attention-output bias
        layers.N.mlp.gate_proj.bias mlp-gate bias
        layers.N.mlp.up_proj.bias mlp-up bias
        layers.N.mlp.down_proj.bias mlp-down bias

        """;

    private const string HeadNorms = """
        layers.N.self_attn.q_norm.weight norm
        layers.N.self_attn.k_norm.weight norm

        """;

    private const string FeedForwardNorms = """
        layers.N.pre_feedforward_layernorm.weight norm
        layers.N.post_feedforward_layernorm.weight norm

        """;

    private const string Phi3 = """
        embed_tokens.weight token-embedding
        layers.N.self_attn.qkv_proj.weight query-key-value
        layers.N.self_attn.o_proj.weight attention-output
        layers.N.mlp.gate_up_proj.weight mlp-gate-up
        layers.N.mlp.down_proj.weight mlp-down
        layers.N.input_layernorm.weight norm
        layers.N.post_attention_layernorm.weight norm
        norm.weight norm

        """;

    private const string OutputEmbedding = "lm_head.weight head\n";

    private const string Prefixes =
        @"model\.decoder|decoder|distilbert\.transformer|transformer|distilbert|roberta|bert|model";

    private readonly TempFolder _temp = new();

    public static TheoryData<string, string> Fixtures => new()
    {
        { "opt-tiny", Opt + OptFinalNorm },
        { "opt-350m-style", Opt + OptProjections },
        { "gpt2-tiny", Gpt2 },
        { "gpt2-tiny-hubnames-fp16", Gpt2 },
        { "llama-mha", Llama + OutputEmbedding },
        { "llama-gqa-sharded", Llama },
        { "roberta-tiny", Roberta + RobertaHead },
        { "bert-tiny", Roberta + BertHead },
        { "bert-classes", Roberta + Classifier + Pooler },
        { "distilbert-tiny", DistilBert + DistilBertHead },
        { "distilbert-classes", DistilBert + Classifier + DistilBertClasses },
        { "gemma-tiny", Llama },
        { "gemma2-tiny", Llama + FeedForwardNorms },
        { "phi3-tiny", Phi3 + OutputEmbedding },
    };

    public static TheoryData<string, string, string> Variants => new()
    {
        { """ "model_type": "llama", "attention_bias": true, "mlp_bias": true """, "qkv o mlp", Llama + QueryKeyValueBiases + OtherBiases
            + OutputEmbedding },
        { """ "model_type": "mistral" """, "", Llama + OutputEmbedding },
        { """ "model_type": "qwen2", "tie_word_embeddings": true """, "qkv tied", Llama + QueryKeyValueBiases },
        { """ "model_type": "qwen3", "head_dim": 24 """, "norms", Llama + HeadNorms + OutputEmbedding },
    };

    /// <summary>Families, and the targets of LoRA that PEFT has for them in its table.</summary>
    public static TheoryData<string, string[]> LoraTargets => new()
    {
        { "opt-tiny", ["q_proj", "v_proj"] },
        { "opt-350m-style", ["q_proj", "v_proj"] },
        { "gpt2-tiny", ["c_attn"] },
        { "llama-gqa", ["q_proj", "v_proj"] },
        { "gemma-tiny", ["q_proj", "v_proj"] },
        { "gemma2-tiny", ["q_proj", "v_proj"] },
        { "phi3-tiny", ["qkv_proj"] },
        { "roberta-tiny", ["query", "value"] },
        { "bert-tiny", ["query", "value"] },
        { "distilbert-tiny", ["q_lin", "v_lin"] },
    };

    public void Dispose() => _temp.Dispose();

    [Theory]
    [MemberData(nameof(Fixtures))]
    public void Every_tensor_of_a_family_has_the_role_that_the_family_gives_it(string fixture, string roles)
    {
        using var model = ModelLoader.Load(TestData.Path("fixtures", "forward", fixture));
        AssertRoles(roles, model);
    }

    [Theory]
    [MemberData(nameof(Variants))]
    public void Every_tensor_of_a_variant_of_Llama_has_its_role(string fields, string parts, string roles)
    {
        using var folder = LlamaVariantTests.Write(fields, parts);
        using var model = ModelLoader.Load(folder.Path);
        AssertRoles(roles, model);
    }

    [Theory]
    [InlineData("opt-tiny", Opt + OptFinalNorm + "score.weight head")]
    [InlineData("llama-mha", Llama + "score.weight head")]
    [InlineData("roberta-tiny", Roberta + RobertaClasses)]
    [InlineData("bert-tiny", Roberta + Classifier + Pooler)]
    [InlineData("distilbert-tiny", DistilBert + Classifier + DistilBertClasses)]
    public void A_classification_head_is_a_head(string fixture, string roles)
    {
        using var source = ModelLoader.Load(TestData.Path("fixtures", "forward", fixture));
        ClassificationCheckpoint.Write(source, ["No", "Yes"], 0, _temp["classes"]);
        using var model = ModelLoader.Load(_temp["classes"]);
        AssertRoles(roles, model);
    }

    [Theory]
    [MemberData(nameof(LoraTargets))]
    public void Lora_is_on_what_PEFT_puts_it_on(string fixture, string[] targets)
    {
        using var model = ModelLoader.Load(TestData.Path("fixtures", "forward", fixture));
        Assert.Equal(targets, TargetModules.QueriesAndValues(model).Names);
    }

    [Theory]
    [InlineData(""" "model_type": "mistral" """, "")]
    [InlineData(""" "model_type": "qwen2" """, "qkv")]
    [InlineData(""" "model_type": "qwen3", "head_dim": 24 """, "norms")]
    public void Lora_is_on_queries_and_values_of_Llamas_variants(string fields, string parts)
    {
        using var folder = LlamaVariantTests.Write(fields, parts);
        using var model = ModelLoader.Load(folder.Path);
        Assert.Equal(["q_proj", "v_proj"], TargetModules.QueriesAndValues(model).Names);
    }

    [Theory]
    [InlineData("roberta-tiny", "role:mlp-up,key", "intermediate.dense key")]
    [InlineData(
        "roberta-tiny",
        "role:attention-output",
        "roberta.encoder.layer.0.attention.output.dense roberta.encoder.layer.1.attention.output.dense")]
    [InlineData("gpt2-tiny", "role:key", "c_attn")]
    [InlineData("phi3-tiny", "role:value", "qkv_proj")]
    [InlineData("phi3-tiny", "role:mlp-up", "gate_up_proj")]
    [InlineData("phi3-tiny", "role:mlp-gate", "gate_up_proj")]
    [InlineData("phi3-tiny", "role:mlp", "gate_up_proj down_proj")]
    [InlineData("llama-gqa", "role:attention", "q_proj k_proj v_proj o_proj")]
    [InlineData("llama-gqa", "role:mlp", "gate_proj up_proj down_proj")]
    [InlineData("llama-gqa", "role:mlp,up_proj", "gate_proj up_proj down_proj")]
    public void Targets_may_be_roles(string fixture, string targets, string layers)
    {
        using var model = ModelLoader.Load(TestData.Path("fixtures", "forward", fixture));
        var parsed = TargetModules.Parse(targets, model);
        Assert.All(
            layers.Split(' '), name => Assert.Contains(parsed.In(model, "it"), module => module.EndsWith(name, StringComparison.Ordinal)));
        if (!targets.Contains("mlp-up", StringComparison.Ordinal))
        {
            Assert.Equal(layers.Split(' '), parsed.Names);
        }

        var roles =
            targets.Split(',').Where(t => t.StartsWith("role:", StringComparison.Ordinal)).Select(t => RoleWords.Find(t, "it")!).ToArray();
        int named = targets.Contains(",key", StringComparison.Ordinal) ? model.Shape.Layers : 0;
        Assert.Equal(model.Linears.Values.Count(l => Array.Exists(roles, r => r(l.Weight.Role))) + named, parsed.In(model, "it").Count);
    }

    [Theory]
    [InlineData("role:norm", "which is the role of no linear layer; role: and one of attention, mlp, query, key, value, attention-output, "
        + "mlp-gate, mlp-up, mlp-down was expected")]
    [InlineData("role:c_attn", "which is not a role; role: and one of embedding, attention, mlp, lora, token-embedding,")]
    public void A_role_without_a_linear_layer_is_refused(string targets, string message)
    {
        using var model = ModelLoader.Load(TestData.Path("fixtures", "forward", "llama-gqa"));
        var error = Assert.Throws<InvalidInputException>(() => TargetModules.Parse(targets, model));
        Assert.Contains($"Targets has '{targets}', {message}", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("llama-gqa", "q_proj query,v_proj value")]
    [InlineData("roberta-tiny", "query query,value value")]
    [InlineData("gpt2-tiny", "c_attn query-key-value")]
    public void Loras_factors_are_of_the_part_of_their_layer(string fixture, string layers)
    {
        using var model = ModelLoader.Load(TestData.Path("fixtures", "forward", fixture));
        AdapterFactory.Attach(model, new AdapterOptions("lora"), backend: null);
        string[] expected = [.. layers.Split(',').Select(l => l.Split(' ')).SelectMany(
            l => new[] { $"{l[0]}.lora_A.weight {l[1]} lora-a", $"{l[0]}.lora_B.weight {l[1]} lora-b" })];
        Assert.Equal(
            expected.Order(StringComparer.Ordinal),
            model.Parameters.Trained.Select(p => Regex.Replace(p.Name, @"^.*\.(\w+\.lora)", "$1") + " " + Text(p.Role)).Distinct().Order(
                StringComparer.Ordinal));
    }

    [Fact]
    public void A_prefix_is_keys_and_values()
    {
        using var model = ModelLoader.Load(TestData.Path("fixtures", "forward", "gpt2-tiny"));
        AdapterFactory.Attach(model, new AdapterOptions("prefix"), backend: null);
        AssertRoles("prefix.layers.N.keys key prefix\nprefix.layers.N.values value prefix", model.Parameters.Trained);
    }

    private static void AssertRoles(string expected, LanguageModel model) => AssertRoles(expected, model.Parameters.All);

    private static void AssertRoles(string expected, IEnumerable<Parameter> tensors) => Assert.Equal(
        expected.Split('\n', StringSplitOptions.RemoveEmptyEntries).Order(StringComparer.Ordinal),
        tensors.Select(p => $"{Name(p)} {Text(p.Role)}").Distinct().Order(StringComparer.Ordinal));

    private static string Text(TensorRole role) =>
        role.Kind == TensorKind.Weight ? role.Part.Word() : $"{role.Part.Word()} {role.Kind.Word()}";

    private static string Name(Parameter p) =>
        Regex.Replace(Regex.Replace(p.Name, $@"^({Prefixes})\.", ""), @"\.\d+\.", ".N.");
}
