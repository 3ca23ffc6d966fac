using IlZo.Gguf;

namespace IlZo.Cli;

/// <summary>The words for the types of <c>--gguf</c>.</summary>
internal sealed class GgufTypeWords() : Words<GgufType>(("f32", GgufType.F32), ("f16", GgufType.F16), ("q8_0", GgufType.Q8_0))
{
    public static GgufTypeWords Instance { get; } = new();

    protected override string Option => "--gguf";
}
