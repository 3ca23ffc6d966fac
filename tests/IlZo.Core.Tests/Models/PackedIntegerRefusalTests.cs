using System.Text.Json.Nodes;
using IlZo.Models;
using Xunit;

namespace IlZo.Core.Tests.Models;

/// <summary>
/// What is no model of GPTQ or AWQ, or none that blocks can hold, is refused with a sentence, and nothing is left of it.
/// </summary>
public sealed class PackedIntegerRefusalTests : IDisposable
{
    private const string Query = "model.layers.0.self_attn.q_proj";

    private readonly TempFolder _temp = new();

    private static string Tokenizer => TestData.Path("models", "stories260K");

    public void Dispose() => _temp.Dispose();

    [Fact]
    public void An_order_of_activations_is_refused()
    {
        var packed = new PackedModel("gptq", 32);
        packed.Quantization["desc_act"] = true;
        int[] groups = [.. Enumerable.Range(0, 128).Select(i => i % 4)];
        packed.Tensors[Query + ".g_idx"] = ("I32", [128], PackedModel.Bytes(groups));
        Assert.EndsWith(
            "tensor 'model.layers.0.self_attn.q_proj.g_idx' puts inputs 0 and 1 into groups 0 and 1, in the order of activations "
                + "(desc_act), of which blocks cannot be made; one group for each 32 neighbours was expected.",
            Refusal(packed), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(-1, "has -1 for input 40; a group from 0 to 3 was expected.")]
    [InlineData(4, "has 4 for input 40; a group from 0 to 3 was expected.")]
    [InlineData(int.MinValue, "has -2147483648 for input 40; a group from 0 to 3 was expected.")]
    public void Groups_that_are_not_there_are_refused(int group, string expected)
    {
        var packed = new PackedModel("gptq", 32);
        int[] groups = [.. Enumerable.Range(0, 128).Select(i => i == 40 ? group : i / 32)];
        packed.Tensors[Query + ".g_idx"] = ("I32", [128], PackedModel.Bytes(groups));
        Assert.EndsWith($"tensor '{Query}.g_idx' {expected}", Refusal(packed), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("gptq", ".qweight", "I32", new long[] { 15, 128 }, ".qweight' has 120 inputs in groups of 32; a size of groups that is")]
    [InlineData("gptq", ".qweight", "F32", new long[] { 16, 128 }, ".qweight' has type F32 and shape [16, 128]; I32 and the shape of")]
    [InlineData("gptq", ".qweight", "I32", new long[] { 2048 }, ".qweight' has type I32 and shape [2048]; I32 and the shape of")]
    [InlineData("gptq", ".qweight", "I32", new long[] { 0, 128 }, ".qweight' has type I32 and shape [0, 128]; I32 and the shape of")]
    [InlineData("gptq", ".qweight", "I32", new long[] { 16, 129 }, ".qweight' has type I32 and shape [16, 129]; I32 and the shape of")]
    [InlineData("gptq", ".qweight", "I32", new long[] { 0, long.MaxValue }, ".qweight' has type I32 and shape [0, 9223372036854775807]")]
    [InlineData("gptq", ".qweight", "I32", new long[] { 16, 64 }, ".qzeros' has type I32 and shape [4, 16]; I32 and [4, 8] was expected.")]
    [InlineData("gptq", ".qweight", "I32", new long[] { 32, 128 }, ".qzeros' has type I32 and shape [4, 16]; I32 and [8, 16] was")]
    [InlineData("gptq", ".qzeros", "I32", new long[] { 16, 4 }, ".qzeros' has type I32 and shape [16, 4]; I32 and [4, 16] was expected.")]
    [InlineData("gptq", ".scales", "F16", new long[] { 128, 4 }, ".scales' has type F16 and shape [128, 4]; F16 or BF16 or F32 and [4,")]
    [InlineData("gptq", ".scales", "I16", new long[] { 4, 128 }, ".scales' has type I16 and shape [4, 128]; F16 or BF16 or F32 and [4,")]
    [InlineData("gptq", ".g_idx", "I32", new long[] { 127 }, ".g_idx' has type I32 and shape [127]; I32 and [128] was expected.")]
    [InlineData("gptq", ".g_idx", "I64", new long[] { 128 }, ".g_idx' has type I64 and shape [128]; I32 and [128] was expected.")]
    [InlineData("awq", ".qweight", "I32", new long[] { 16, 128 }, ".qweight' has 16 inputs in groups of 32; a size of groups that is")]
    [InlineData("awq", ".qzeros", "I32", new long[] { 4, 128 }, ".qzeros' has type I32 and shape [4, 128]; I32 and [4, 16] was expected.")]
    public void Tensors_that_contradict_are_refused(string format, string part, string type, long[] shape, string expected)
    {
        var packed = new PackedModel(format, 32);
        int size = type is "F16" or "I16" ? 2 : type == "I64" ? 8 : 4;
        packed.Tensors[Query + part] = (type, shape, new byte[size * shape.Aggregate((a, b) => a * b)]);
        Assert.Contains($"tensor '{Query}{expected}", Refusal(packed), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("gptq", ".qweight", ".qzeros")]
    [InlineData("gptq", ".qzeros", ".qweight")]
    [InlineData("gptq", ".scales", ".qweight")]
    [InlineData("awq", ".qweight", ".qzeros")]
    [InlineData("awq", ".qzeros", ".qweight")]
    [InlineData("awq", ".scales", ".qweight")]
    public void A_tensor_that_is_missing_is_named(string format, string part, string other)
    {
        var packed = new PackedModel(format, 32);
        packed.Tensors.Remove(Query + part);
        Assert.EndsWith(
            $"tensor '{Query}{other}' has no '{part[1..]}' beside it; one was expected.", Refusal(packed), StringComparison.Ordinal);
    }

    [Fact]
    public void Indices_are_missed_where_groups_may_be_in_any_order()
    {
        var packed = new PackedModel("gptq", 32);
        packed.Quantization["desc_act"] = true;
        packed.Tensors.Remove(Query + ".g_idx");
        Assert.EndsWith($"'{Query}.qweight' has no 'g_idx' beside it; one was expected.", Refusal(packed), StringComparison.Ordinal);
    }

    [Fact]
    public void A_matrix_that_is_there_twice_is_refused()
    {
        var packed = new PackedModel("gptq", 32);
        packed.Tensors.Add(Query + ".weight", ("F16", [128, 128], new byte[2 * 128 * 128]));
        Assert.EndsWith(
            $"tensor '{Query}.weight' is there both quantized and not; one of them was expected.",
            Refusal(packed), StringComparison.Ordinal);
    }

    // A zero of 0 has no place in the older format: AutoGPTQ reads what it leaves there as 16, and others as 0.
    [Theory]
    [InlineData(4, 0xF0000000u, "15 for group 0 and output 7, which programs read as 0 or as 16; 14 at most")]
    [InlineData(8, 0x7F7F7FFFu, "255 for group 0 and output 0, which programs read as 0 or as 256; 254 at most")]
    public void A_zero_of_which_programs_do_not_think_alike_is_refused(int bits, uint word, string expected)
    {
        var packed = new PackedModel("gptq", 32, bits);
        BitConverter.TryWriteBytes(packed.Tensors[Query + ".qzeros"].Bytes, word);
        Assert.EndsWith(
            $"tensor '{Query}.qzeros' has a stored zero of {expected}, or checkpoint_format gptq_v2, was expected.",
            Refusal(packed), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("gptq", 0x7F7F807Fu, "128 for group 0 and output 1; 127")]
    [InlineData("gptq_v2", 0x8080807Fu, "127 for group 0 and output 0; 128")]
    public void Codes_of_8_bits_that_are_not_symmetric_are_refused(string format, uint word, string expected)
    {
        var packed = new PackedModel(format, 32, bits: 8);
        BitConverter.TryWriteBytes(packed.Tensors[Query + ".qzeros"].Bytes, word);
        Assert.EndsWith(
            $"tensor '{Query}.qzeros' has a stored zero of {expected}, that of symmetric codes of 8 bits in checkpoint_format {format}, "
                + "was expected.",
            Refusal(packed), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("F32", 0.1f, "0.1")]
    [InlineData("BF16", 65536f, "65536")]
    [InlineData("F32", float.NaN, "NaN")]
    [InlineData("F16", float.PositiveInfinity, "Infinity")]
    [InlineData("BF16", float.NegativeInfinity, "-Infinity")]
    public void Scales_that_fp16_does_not_hold_are_refused(string type, float scale, string expected)
    {
        var packed = new PackedModel("awq", 32);
        packed.Tensors[Query + ".scales"] = PackedModel.Scales(type, scale);
        Assert.EndsWith(
            $"tensor '{Query}.scales' has {expected} for group 0 and output 0; a number that fp16 holds was expected.",
            Refusal(packed), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("gptq", "quant_method", "\"hqq\"", "quant_method is \"hqq\"; gptq, awq or bitsandbytes was expected.")]
    [InlineData("gptq", "quant_method", "\"exl2\"", "quant_method is \"exl2\"; gptq, awq or bitsandbytes was expected.")]
    [InlineData("gptq", "quant_method", "\"fp8\"", "quant_method is \"fp8\"; gptq, awq or bitsandbytes was expected.")]
    [InlineData("gptq", "quant_method", "\"quanto\"", "quant_method is \"quanto\"; gptq, awq or bitsandbytes was expected.")]
    [InlineData("gptq", "quant_method", "\"compressed-tensors\"", "\"compressed-tensors\"; gptq, awq or bitsandbytes was expected.")]
    [InlineData("gptq", "quant_method", "7", "quant_method is 7; a string was expected.")]
    [InlineData("gptq", "checkpoint_format", "\"marlin\"", "checkpoint_format is \"marlin\"; gptq or gptq_v2 was expected.")]
    [InlineData("gptq", "is_marlin_format", "true", "is_marlin_format is true; false was expected.")]
    [InlineData("gptq", "bits", "2", "bits is 2; 4 or 8 was expected.")]
    [InlineData("gptq", "bits", "3", "bits is 3; 4 or 8 was expected.")]
    [InlineData("gptq", "bits", "-4", "bits is -4; a positive integer was expected.")]
    [InlineData("gptq", "group_size", "0", "group_size is 0; a positive integer, or -1 for all that there are, was expected.")]
    [InlineData("gptq", "group_size", "-2", "group_size is -2; a positive integer, or -1 for all that there are, was expected.")]
    [InlineData("gptq", "group_size", "32.5", "group_size is 32.5; a positive integer, or -1 for all that there are, was expected.")]
    [InlineData("awq", "group_size", "\"32\"", "group_size is \"32\"; a positive integer, or -1 for all that there are, was expected.")]
    [InlineData("gptq", "group_size", "4194305", "group_size is 4194305; 4194304 at most was expected.")]
    [InlineData("gptq", "group_size", "96", "128 inputs in groups of 96; a size of groups that is a multiple of 32 and divides the inputs")]
    [InlineData("gptq", "group_size", "16", "128 inputs in groups of 16; a size of groups that is a multiple of 32 and divides the inputs")]
    [InlineData("awq", "version", "\"gemv\"", "version is \"gemv\"; gemm was expected.")]
    [InlineData("awq", "version", "\"gemv_fast\"", "version is \"gemv_fast\"; gemm was expected.")]
    [InlineData("awq", "backend", "\"llm-awq\"", "backend is \"llm-awq\"; autoawq was expected.")]
    [InlineData("awq", "bits", "3", "bits is 3; 4 was expected.")]
    [InlineData("awq", "w_bit", "8", "bits is 4 and w_bit, which is another name for it, is 8; one value was expected.")]
    [InlineData("awq", "zero_point", "false", "zero_point is false; true was expected.")]
    public void Other_formats_are_refused_by_what_they_say_they_are(string format, string field, string value, string expected)
    {
        var packed = new PackedModel(format, 32);
        packed.Quantization[field] = JsonNode.Parse(value);
        Assert.Contains(expected, Refusal(packed), StringComparison.Ordinal);
    }

    [Fact]
    public void Gpt2_is_refused_whose_matrices_lie_the_other_way()
    {
        var packed = new PackedModel("gptq", 32);
        packed.Config["model_type"] = "gpt2";
        Assert.Equal(
            $"'{_temp["packed", "config.json"]}': model_type is \"gpt2\"; a family whose matrices are not transposed where they are "
                + "quantized was expected.",
            Refusal(packed));
    }

    [Fact]
    public void A_checkpoint_that_does_not_say_how_it_is_quantized_or_is_not_is_refused()
    {
        const string Expected = "has no weights that quantization_config in its config.json says to be quantized by gptq, awq or "
            + "bitsandbytes (to nf4); a folder of such a model, or a GGUF file, was expected.";
        var packed = new PackedModel("gptq", 32);
        packed.Config.Remove("quantization_config");
        Assert.Equal($"'{_temp["packed"]}' {Expected}", Refusal(packed));
        packed.Config["quantization_config"] = packed.Quantization;
        foreach (string name in packed.Tensors.Keys.Where(n => n.Contains("_proj.", StringComparison.Ordinal)).ToList())
        {
            packed.Tensors.Remove(name);
        }

        Assert.Equal($"'{_temp["packed"]}' {Expected}", Refusal(packed));
    }

    [Theory]
    [InlineData("gptq")]
    [InlineData("awq")]
    public void A_folder_without_codes_is_refused_by_the_ones_that_are_missing(string format)
    {
        var packed = new PackedModel(format, 32);
        foreach (string name in packed.Tensors.Keys.Where(n => n.EndsWith(".qweight", StringComparison.Ordinal)).ToList())
        {
            packed.Tensors.Remove(name);
        }

        Assert.EndsWith(
            "_proj.qzeros' has no 'qweight' beside it; one was expected.", Refusal(packed), StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_that_is_cut_off_is_refused()
    {
        var packed = new PackedModel("gptq", 32);
        packed.Write(_temp["packed"], Tokenizer);
        byte[] file = File.ReadAllBytes(_temp["packed", "model.safetensors"]);
        foreach (int length in (int[])[0, 7, 100, file.Length / 2, file.Length - 1])
        {
            File.WriteAllBytes(_temp["packed", "model.safetensors"], file[..length]);
            Assert.Throws<InvalidInputException>(() => QuantizedImport.Save(_temp["packed"], _temp["blocks"], default));
            Assert.False(Directory.Exists(_temp["blocks"]));
        }
    }

    [Fact]
    public void A_bias_that_the_model_does_not_have_is_refused_where_it_is_not_zero()
    {
        var packed = new PackedModel("gptq", 32);
        packed.Tensors.Add(Query + ".bias", ("F16", [128], [.. new byte[255], 1]));
        Assert.EndsWith(
            $"tensor '{Query}.bias' has no place in the model that config.json describes; its absence was expected.",
            Refusal(packed), StringComparison.Ordinal);
    }

    private string Refusal(PackedModel packed)
    {
        if (Directory.Exists(_temp["packed"]))
        {
            Directory.Delete(_temp["packed"], recursive: true);
        }

        packed.Write(_temp["packed"], Tokenizer);
        string message = Assert.Throws<InvalidInputException>(() => QuantizedImport.Save(_temp["packed"], _temp["none"], default)).Message;
        Assert.False(Directory.Exists(_temp["none"]));
        return message;
    }
}
