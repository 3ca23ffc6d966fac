using System.Text;
using System.Text.Json.Nodes;
using IlZo.Arithmetic.Blocks;
using IlZo.Checkpoints;
using IlZo.Core.Tests.Checkpoints;
using IlZo.Models;
using IlZo.Tensors;
using Xunit;

namespace IlZo.Core.Tests.Models;

/// <summary>Models that bitsandbytes has quantized, written here as it writes them.</summary>
public sealed unsafe class BitsAndBytesTests : IDisposable
{
    private const int Block = 64;
    private const float Offset = 0.03125f;

    private readonly TempFolder _temp = new();

    public void Dispose() => _temp.Dispose();

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void The_weights_are_level_times_scale(bool nested)
    {
        var (names, codes, scales) = Write(nested);
        QuantizedImport.Save(_temp["bnb"], _temp["out"], default);
        using var model = ModelLoader.Load(_temp["out"]);
        Assert.NotEmpty(names);
        foreach (string name in names)
        {
            var parameter = model.Stored[name];
            Assert.Equal(DType.NF4, parameter.Type);
            float[] row = new float[parameter.Columns];
            for (int r = 0; r < parameter.Rows; r++)
            {
                fixed (float* to = row)
                {
                    BlockRows.Read(DType.NF4, (byte*)parameter.Data + (r * DType.NF4.Layout().Bytes(parameter.Columns)), 0, to, row.Length);
                }

                for (int c = 0; c < row.Length; c++)
                {
                    long element = ((long)r * parameter.Columns) + c;
                    int code = element % 2 == 0 ? codes[name][element / 2] >> 4 : codes[name][element / 2] & 15;
                    float expected = NormalFloatFormat.Levels[code] * scales[name][element / Block];
                    Assert.Equal(BitConverter.SingleToInt32Bits(expected), BitConverter.SingleToInt32Bits(row[c]));
                }
            }
        }

        var config = JsonNode.Parse(File.ReadAllText(_temp["out", "config.json"]))!.AsObject();
        Assert.False(config.ContainsKey("quantization_config"));
        Assert.True(File.Exists(_temp["out", "tokenizer.json"]) || File.Exists(_temp["out", "tokenizer.model"]));
    }

    [Fact]
    public void The_folder_itself_says_what_to_do_with_it()
    {
        Write(nested: true);
        string message = Assert.Throws<InvalidInputException>(() => ModelLoader.Load(_temp["bnb"])).Message;
        Assert.Contains("quantized by bitsandbytes", message, StringComparison.Ordinal);
        Assert.Contains("'ilzo import'", message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("quant_type", "\"fp4\"", "has the quant_type 'fp4'; nf4 was expected")]
    [InlineData("quant_type", "null", "has no quant_type; nf4 was expected")]
    [InlineData("quant_type", "4", "has no quant_type; nf4 was expected")]
    [InlineData("blocksize", "128", "has blocks of 128; 64 was expected")]
    [InlineData("shape", "[3]", "has the shape [3]; rows, and columns that are a multiple of 64, was expected")]
    [InlineData("shape", "[1000000000, 64]", "elements of type U8;")]
    [InlineData("nested_blocksize", "0", "has no nested_blocksize; a whole number above 0 was expected")]
    [InlineData("nested_blocksize", "1", "elements of type F32;")]
    [InlineData("nested_offset", "\"x\"", "has no nested_offset; a finite number was expected")]
    [InlineData("nested_offset", "1e300", "has no nested_offset; a finite number was expected")]
    public void Other_states_are_refused(string field, string value, string expected)
    {
        Write(nested: true, (field, value));
        string message = Assert.Throws<InvalidInputException>(() => QuantizedImport.Save(_temp["bnb"], _temp["out"], default)).Message;
        Assert.Contains(expected, message, StringComparison.Ordinal);
        Assert.False(Directory.Exists(_temp["out"]));
    }

    [Theory]
    [InlineData("")]
    [InlineData(".quant_map")]
    [InlineData(".absmax")]
    [InlineData(".nested_absmax")]
    [InlineData(".nested_quant_map")]
    public void A_tensor_that_is_missing_is_named(string part)
    {
        var (names, _, _) = Write(nested: true, without: part);
        Assert.Equal(
            $"'{_temp["bnb"]}': there is no tensor '{names[0]}{part}' beside '{names[0]}.quant_state.bitsandbytes__nf4'; one, as "
                + "bitsandbytes writes it, was expected.",
            Assert.Throws<InvalidInputException>(() => QuantizedImport.Save(_temp["bnb"], _temp["out"], default)).Message);
        Assert.False(Directory.Exists(_temp["out"]));
    }

    [Fact]
    public void A_model_without_such_weights_and_a_folder_that_is_there_are_refused()
    {
        Assert.Contains(
            "has no weights that quantization_config in its config.json says to be quantized by gptq, awq or bitsandbytes (to nf4)",
            Assert.Throws<InvalidInputException>(
                () => QuantizedImport.Save(TestData.Path("models", "stories260K"), _temp["out"], default)).Message,
            StringComparison.Ordinal);
        Write(nested: false);
        Directory.CreateDirectory(_temp["out"]);
        File.WriteAllText(_temp["out", "mine.txt"], "mine");
        Assert.Contains(
            "exists already",
            Assert.Throws<InvalidInputException>(() => QuantizedImport.Save(_temp["bnb"], _temp["out"], default)).Message,
            StringComparison.Ordinal);
    }

    // A model of the repository whose linear layers have codes and scales made up here; the first one may lack a part.
    private (List<string> Names, Dictionary<string, byte[]> Codes, Dictionary<string, float[]> Scales) Write(
        bool nested, (string Field, string Value)? otherwise = null, string? without = null)
    {
        Directory.CreateDirectory(_temp["bnb"]);
        using var model = ModelLoader.Load(TestData.Path("models", "stories260K"));
        var random = new Random(3);
        var memory = new List<IDisposable>();
        var tensors = new List<TensorEntry>();
        var names = new List<string>();
        var codes = new Dictionary<string, byte[]>();
        var scales = new Dictionary<string, float[]>();
        foreach (var (name, parameter) in model.Stored)
        {
            bool isLinear = parameter is { Role.Kind: TensorKind.Weight, Shape.Count: 2 }
                && name.Contains("layers", StringComparison.Ordinal) && parameter.Columns % Block == 0;
            if (!isLinear)
            {
                tensors.Add(TensorEntry.Of(parameter, name));
                continue;
            }

            int blocks = parameter.Rows * parameter.Columns / Block;
            names.Add(name);
            codes[name] = new byte[blocks * Block / 2];
            random.NextBytes(codes[name]);
            byte[] small = new byte[blocks];
            random.NextBytes(small);
            float[] levels = [.. Enumerable.Range(0, 256).Select(i => (i - 128) / 128f)];
            float[] large = [.. Enumerable.Range(0, (blocks + 255) / 256).Select(_ => random.NextSingle())];
            scales[name] =
            [
                .. Enumerable.Range(0, blocks).Select(b => nested ? (levels[small[b]] * large[b / 256]) + Offset : random.NextSingle()),
            ];
            var state = new JsonObject
            {
                ["quant_type"] = "nf4",
                ["blocksize"] = Block,
                ["dtype"] = "float16",
                ["shape"] = new JsonArray(parameter.Rows, parameter.Columns),
            };
            tensors.Add(Raw.Tensor(name, "U8", [codes[name].Length, 1], codes[name], memory));
            tensors.Add(Raw.Floats($"{name}.quant_map", [16], NormalFloatFormat.Levels.ToArray(), memory));
            if (nested)
            {
                (state["nested_blocksize"], state["nested_dtype"], state["nested_offset"]) = (256, "float32", Offset);
                tensors.Add(Raw.Tensor($"{name}.absmax", "U8", [blocks], small, memory));
                tensors.Add(Raw.Floats($"{name}.nested_absmax", [large.Length], large, memory));
                tensors.Add(Raw.Floats($"{name}.nested_quant_map", [256], levels, memory));
            }
            else
            {
                tensors.Add(Raw.Floats($"{name}.absmax", [blocks], scales[name], memory));
            }

            if (otherwise is var (field, value))
            {
                state[field] = JsonNode.Parse(value);
            }

            byte[] json = Encoding.UTF8.GetBytes(state.ToJsonString());
            tensors.Add(Raw.Tensor($"{name}.quant_state.bitsandbytes__nf4", "U8", [json.Length], json, memory));
        }

        tensors.RemoveAll(t => without is not null && t.Name == names[0] + without);
        SafetensorsWriter.Write(_temp["bnb", "model.safetensors"], tensors);
        memory.ForEach(m => m.Dispose());
        var config = JsonNode.Parse(File.ReadAllText(TestData.Path("models", "stories260K", "config.json")))!.AsObject();
        config["quantization_config"] = new JsonObject { ["quant_method"] = "bitsandbytes", ["load_in_4bit"] = true };
        File.WriteAllText(_temp["bnb", "config.json"], config.ToJsonString());
        foreach (string file in CheckpointSaver.CopiedFiles.Where(f => File.Exists(TestData.Path("models", "stories260K", f))))
        {
            File.Copy(TestData.Path("models", "stories260K", file), _temp["bnb", file], overwrite: true);
        }

        return (names, codes, scales);
    }
}
