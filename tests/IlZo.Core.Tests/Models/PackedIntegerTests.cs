using System.Text.Json.Nodes;
using IlZo.Checkpoints;
using IlZo.Models;
using IlZo.Tensors;
using Xunit;

namespace IlZo.Core.Tests.Models;

/// <summary>Models that GPTQ and AWQ have quantized.</summary>
public sealed class PackedIntegerTests : IDisposable
{
    private const string Query = "model.layers.0.self_attn.q_proj";

    private readonly TempFolder _temp = new();

    /// <summary>Format, inputs of a group, bits, and whether some layers have biases.</summary>
    public static TheoryData<string, int, int, bool> Models => new()
    {
        { "gptq", 32, 4, false },
        { "gptq", 128, 4, true },
        { "gptq", -1, 4, false },
        { "gptq_v2", 64, 4, false },
        { "gptq", 64, 8, false },
        { "gptq_v2", -1, 8, true },
        { "awq", 128, 4, true },
        { "awq", 32, 4, false },
        { "awq", -1, 4, false },
    };

    private static string Tokenizer => TestData.Path("models", "stories260K");

    public void Dispose() => _temp.Dispose();

    // Output o has codes i + o mod 16, so that its word j of GPTQ begins with 8j + o in the lowest half byte, and of AWQ's row i the first
    // four half bytes are those of the even outputs. Zeros are o.
    [Theory]
    [InlineData("gptq", 1)]
    [InlineData("gptq_v2", 0)]
    [InlineData("awq", 0)]
    public void Words_known_by_heart_become_blocks_known_by_heart(string format, int moreZero)
    {
        uint[] gptq =
        [
            0x76543210, 0x87654321, 0x98765432, 0xA9876543, 0xBA987654, 0xCBA98765, 0xDCBA9876, 0xEDCBA987,
            0xFEDCBA98, 0x0FEDCBA9, 0x10FEDCBA, 0x210FEDCB, 0x3210FEDC, 0x43210FED, 0x543210FE, 0x6543210F,
        ];
        uint[] awq =
        [
            0x75316420, 0x86427531, 0x97538642, 0xA8649753, 0xB975A864, 0xCA86B975, 0xDB97CA86, 0xECA8DB97,
            0xFDB9ECA8, 0x0ECAFDB9, 0x1FDB0ECA, 0x20EC1FDB, 0x31FD20EC, 0x420E31FD, 0x531F420E, 0x6420531F,
        ];
        bool isAwq = format == "awq";
        var model = new PackedModel(format, 32);
        model.Tensors.Clear();
        uint[] words = isAwq ? [.. awq, .. awq] : [.. gptq, .. gptq];
        model.Tensors.Add("m.qweight", ("I32", isAwq ? [32, 1] : [4, 8], PackedModel.Bytes(words)));
        model.Tensors.Add("m.qzeros", ("I32", [1, 1], PackedModel.Bytes<uint>([isAwq ? 0x75316420 : 0x76543210u])));
        model.Tensors.Add("m.scales", ("F16", [1, 8], PackedModel.Bytes<ushort>([0x3C00, 0x3C01, 0x3C02, 0xBC03, 0x0001, 0x7BFF, 0, 1])));
        model.Write(_temp["packed"], Tokenizer);
        using var folder = CheckpointFolder.Open(_temp["packed"]);
        var matrix = Assert.Single(QuantizedImport.Matrices(folder));
        using var written = new MemoryStream();
        matrix.Write(written, default);
        byte[] blocks = written.ToArray();
        Assert.Equal("m.weight", matrix.Stored.Name);
        Assert.Equal([8, 32], matrix.Stored.Shape);
        Assert.Equal(8 * 19, blocks.Length);
        string[] expected =
        [
            "003C", "013C", "023C", "03BC", "0100", "FF7B", "0000", "0100",
        ];
        const string Codes = "00112233445566778899AABBCCDDEEFF";
        for (int o = 0; o < 8; o++)
        {
            string codes = Codes[(2 * o)..] + Codes[..(2 * o)];
            Assert.Equal($"{expected[o]}{o + moreZero:X2}{codes}", Convert.ToHexString(blocks.AsSpan(19 * o, 19)));
        }
    }

    [Theory]
    [MemberData(nameof(Models))]
    public void The_weights_are_scale_times_code_less_zero(string format, int group, int bits, bool hasBiases)
    {
        var packed = new PackedModel(format, group, bits, hasBiases);
        packed.Write(_temp["packed"], Tokenizer);
        QuantizedImport.Save(_temp["packed"], _temp["blocks"], default);
        using var model = ModelLoader.Load(_temp["blocks"]);
        Assert.Equal(14, packed.Weights.Count);
        foreach (var (name, weights) in packed.Weights)
        {
            var parameter = model.Stored[name];
            Assert.Equal(bits == 8 ? DType.Q8_0 : DType.Q4_Z, parameter.Type);
            Assert.Equal(Bits(weights), Bits(StoredNumbers.Of(parameter)));
        }

        foreach (var (name, (type, shape, bytes)) in packed.Tensors.Where(t => model.Stored.ContainsKey(t.Key)))
        {
            var stored = model.Checkpoint.Tensors[name];
            Assert.Equal(type, stored.Type);
            Assert.Equal(shape, stored.Shape);
            Assert.Equal(bytes, Checkpoints.Raw.Bytes(stored));
        }

        Assert.Equal(model.Stored.Count, model.Checkpoint.Tensors.Count);
        Assert.Equal(hasBiases ? 13 : 7, model.Stored.Keys.Except(packed.Weights.Keys).Count());
        Assert.False(JsonNode.Parse(File.ReadAllText(_temp["blocks", "config.json"]))!.AsObject().ContainsKey("quantization_config"));
    }

    [Theory]
    [MemberData(nameof(Models))]
    public void The_forward_is_that_of_the_weights_in_fp32_bit_for_bit(string format, int group, int bits, bool hasBiases)
    {
        var packed = new PackedModel(format, group, bits, hasBiases);
        packed.Write(_temp["packed"], Tokenizer);
        packed.WriteWide(_temp["wide"], Tokenizer);
        QuantizedImport.Save(_temp["packed"], _temp["blocks"], default);
        using var blocks = new LoadedModel(_temp["blocks"]);
        using var wide = new LoadedModel(_temp["wide"]);
        Assert.Contains(wide.Model.Parameters.All, p => p.Type == DType.F32);
        Assert.DoesNotContain(blocks.Model.Parameters.All, p => p.Type == DType.F32);
        int[] ids = [.. Enumerable.Range(0, 11).Select(i => ((7 * i) + 3) % 512)];
        float[] logits = wide.Logits(ids);
        Assert.True(logits.Distinct().Count() > 1000);
        Assert.DoesNotContain(logits, float.IsNaN);
        Assert.Equal(logits, blocks.Logits(ids));
        using var wideCache = wide.CreateCache(16);
        using var blocksCache = blocks.CreateCache(16);
        for (int i = 0; i < ids.Length; i++)
        {
            Assert.Equal(wide.Logits(ids[i..(i + 1)], wideCache, i), blocks.Logits(ids[i..(i + 1)], blocksCache, i));
        }
    }

    [Fact]
    public void The_folder_itself_says_what_to_do_with_it()
    {
        new PackedModel("awq", 32).Write(_temp["packed"], Tokenizer);
        string message = Assert.Throws<InvalidInputException>(() => ModelLoader.Load(_temp["packed"])).Message;
        Assert.Contains("quantized by awq", message, StringComparison.Ordinal);
        Assert.Contains("what 'ilzo import' makes of it", message, StringComparison.Ordinal);
    }

    // Groups may come in any order as long as 32 neighbours share one, whatever desc_act says; and without indices they come in theirs.
    [Theory]
    [InlineData(true, true)]
    [InlineData(true, false)]
    [InlineData(false, false)]
    public void Groups_of_neighbours_are_accepted_whatever_desc_act_says(bool hasIndices, bool isReordered)
    {
        var packed = new PackedModel("gptq", 32);
        packed.Quantization["desc_act"] = isReordered;
        foreach (string name in packed.Tensors.Keys.Where(n => n.EndsWith(".g_idx", StringComparison.Ordinal)).ToList())
        {
            if (!hasIndices)
            {
                packed.Tensors.Remove(name);
            }
        }

        packed.Write(_temp["packed"], Tokenizer);
        QuantizedImport.Save(_temp["packed"], _temp["blocks"], default);
        using var model = ModelLoader.Load(_temp["blocks"]);
        Assert.Equal(packed.Weights[Query + ".weight"], StoredNumbers.Of(model.Stored[Query + ".weight"]));
    }

    [Fact]
    public void Inputs_have_the_scale_and_the_zero_of_their_group()
    {
        var packed = new PackedModel("gptq", 32);
        packed.Write(_temp["packed"], Tokenizer);
        QuantizedImport.Save(_temp["packed"], _temp["ordered"], default);
        int[] groups = [.. Enumerable.Range(0, 128).Select(i => 3 - (i / 32))];
        packed.Tensors[Query + ".g_idx"] = ("I32", [128], PackedModel.Bytes(groups));
        packed.Write(_temp["other"], Tokenizer);
        QuantizedImport.Save(_temp["other"], _temp["reversed"], default);
        byte[] ordered = Blocks("ordered"), reversed = Blocks("reversed");
        for (int block = 0; block < ordered.Length / 19; block++)
        {
            int same = (block / 4 * 4) + 3 - (block % 4);
            Assert.Equal(ordered.AsSpan((19 * same), 3), reversed.AsSpan(19 * block, 3));
            Assert.Equal(ordered.AsSpan((19 * block) + 3, 16), reversed.AsSpan((19 * block) + 3, 16));
        }

        byte[] Blocks(string name)
        {
            using var model = ModelLoader.Load(_temp[name]);
            return Checkpoints.Raw.Bytes(model.Stored[Query + ".weight"]);
        }
    }

    [Theory]
    [InlineData("F32")]
    [InlineData("BF16")]
    public void Scales_in_other_types_are_accepted_where_fp16_holds_them(string type)
    {
        var packed = new PackedModel("awq", 32);
        packed.Tensors[Query + ".scales"] = PackedModel.Scales(type, 0.125f);
        packed.Write(_temp["packed"], Tokenizer);
        QuantizedImport.Save(_temp["packed"], _temp["blocks"], default);
        using var model = ModelLoader.Load(_temp["blocks"]);
        float[] weights = StoredNumbers.Of(model.Stored[Query + ".weight"]);
        Assert.Equal(packed.Weights[Query + ".weight"].Select(Math.Sign), weights.Select(Math.Sign));
        Assert.All(weights, w => Assert.Equal(0, w % 0.125f));
        Assert.InRange(weights.Max(), 1, 2);
    }

    // AutoGPTQ writes biases for layers that have none.
    [Fact]
    public void A_bias_that_the_model_does_not_have_is_passed_over_where_it_is_zero()
    {
        var packed = new PackedModel("gptq", 32);
        packed.Tensors.Add(Query + ".bias", ("F16", [128], new byte[256]));
        packed.WriteWide(_temp["wide"], Tokenizer);
        packed.Write(_temp["packed"], Tokenizer);
        QuantizedImport.Save(_temp["packed"], _temp["blocks"], default);
        using var blocks = new LoadedModel(_temp["blocks"]);
        using var wide = new LoadedModel(_temp["wide"]);
        Assert.Equal(wide.Logits([3, 1, 4]), blocks.Logits([3, 1, 4]));
        Assert.DoesNotContain(blocks.Model.Stored.Keys, name => name.EndsWith(".bias", StringComparison.Ordinal));
    }

    private static IEnumerable<int> Bits(float[] numbers) => numbers.Select(BitConverter.SingleToInt32Bits);
}
