using System.Buffers.Binary;
using System.Text.Json;
using TorchSharp;
using static TorchSharp.torch;

namespace TorchPeer;

/// <summary>The weights of an OPT decoder in fp32, by name.</summary>
internal static class OptWeights
{
    private const string Prefix = "model.decoder.";
    private const float Deviation = 0.02f;

    /// <summary>Random weights, as small as published models begin with.</summary>
    /// <param name="shape">The sizes.</param>
    public static Dictionary<string, Tensor> Random(OptShape shape) => shape.Tensors().ToDictionary(t => t.Name, t =>
    {
        bool isScale = t.Name.EndsWith("norm.weight", StringComparison.Ordinal);
        return isScale ? ones(t.Shape) : zeros(t.Shape).normal_(0, Deviation);
    });

    /// <summary>Reads the fp16 or fp32 tensors of a folder's model.safetensors.</summary>
    /// <param name="folder">The checkpoint.</param>
    /// <param name="shape">The sizes of its config.json.</param>
    public static Dictionary<string, Tensor> Read(string folder, OptShape shape)
    {
        byte[] file = File.ReadAllBytes(Path.Combine(folder, "model.safetensors"));
        int length = checked((int)BinaryPrimitives.ReadInt64LittleEndian(file));
        using var header = JsonDocument.Parse(file.AsMemory(sizeof(long), length));
        return shape.Tensors().ToDictionary(t => t.Name, t =>
        {
            var entry = header.RootElement.GetProperty(Prefix + t.Name);
            var offsets = entry.GetProperty("data_offsets");
            int first = sizeof(long) + length + offsets[0].GetInt32();
            var stored = entry.GetProperty("dtype").GetString() switch
            {
                "F16" => ScalarType.Float16,
                "F32" => ScalarType.Float32,
                var other => throw new NotSupportedException($"{t.Name} is stored as {other}; F16 or F32 was expected."),
            };
            using var tensor = zeros(t.Shape, stored);
            file.AsSpan(first, offsets[1].GetInt32() - offsets[0].GetInt32()).CopyTo(tensor.bytes);
            return tensor.to(ScalarType.Float32, copy: true);
        });
    }
}
