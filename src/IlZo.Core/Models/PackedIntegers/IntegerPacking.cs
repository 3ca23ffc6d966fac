namespace IlZo.Models.PackedIntegers;

/// <summary>How a checkpoint has packed its codes and zeros into words of 32 bits.</summary>
/// <param name="Format">The name of the format, for messages.</param>
/// <param name="Bits">Bits of a code, 4 or 8.</param>
/// <param name="GroupSize">Inputs that share a scale and a zero; null for all of a row.</param>
/// <param name="IsAlongInputs">Whether a word holds codes of consecutive inputs; else of consecutive outputs, as it does zeros.</param>
/// <param name="IsInterleaved">Whether a word holds first the even outputs of its eight and then the odd ones.</param>
/// <param name="LessZero">What a stored zero is less than the zero.</param>
/// <param name="IsReordered">Whether groups may be others than neighbours.</param>
internal sealed record IntegerPacking(
    string Format, int Bits, ConfigSize? GroupSize, bool IsAlongInputs, bool IsInterleaved, int LessZero, bool IsReordered)
{
    private const string BitsField = "bits";
    private const int DefaultGroup = 128;

    /// <summary>Codes of a word.</summary>
    public int Codes => 32 / Bits;

    /// <summary>
    /// That of GPTQ (Frantar et al. 2022, arXiv 2210.17323). Sources: AutoGPTQ/AutoGPTQ, nn_modules/qlinear/qlinear_cuda.py and
    /// quantization/config.py; ModelCloud/GPTQModel, utils/model.py, for gptq_v2.
    /// </summary>
    /// <param name="config">The field <c>quantization_config</c>.</param>
    /// <exception cref="InvalidInputException">It is another one of the formats that have this method's name.</exception>
    public static IntegerPacking OfGptq(ConfigReader config)
    {
        string field = config.Has("checkpoint_format") ? "checkpoint_format" : "format";
        string format = (config.Text(field) ?? "gptq").ToLowerInvariant();
        if (format is not ("gptq" or "gptq_v2"))
        {
            throw config.Wrong(field, "gptq or gptq_v2");
        }

        if (config.Flag("is_marlin_format", false))
        {
            throw config.Wrong("is_marlin_format", "false");
        }

        int bits = config.Size(BitsField, 4);
        return bits is 4 or 8
            ? new(
                format, bits, GroupSize: config.SizeOrAll("group_size", DefaultGroup), IsAlongInputs: true, IsInterleaved: false,
                LessZero: format == "gptq" ? 1 : 0, IsReordered: config.Flag("desc_act", false))
            : throw config.Wrong(BitsField, "4 or 8");
    }

    /// <summary>
    /// That of AWQ's version gemm (Lin et al. 2023, arXiv 2306.00978). Source: casper-hansen/AutoAWQ, modules/linear/gemm.py and
    /// models/_config.py.
    /// </summary>
    /// <param name="config">The field <c>quantization_config</c>.</param>
    /// <exception cref="InvalidInputException">It is another one of the formats that have this method's name.</exception>
    public static IntegerPacking OfAwq(ConfigReader config)
    {
        const string Format = "gemm";
        string[] fields = ["version", "format", "checkpoint_format"];
        if (Array.Find(fields, config.Has) is { } field && !string.Equals(config.Text(field), Format, StringComparison.OrdinalIgnoreCase))
        {
            throw config.Wrong(field, Format);
        }

        if (config.Text("backend") is "llm-awq")
        {
            throw config.Wrong("backend", "autoawq");
        }

        string bits = config.Either(BitsField, "w_bit");
        if (config.Size(bits, 4) != 4)
        {
            throw config.Wrong(bits, "4");
        }

        return config.Flag("zero_point", true)
            ? new(
                Format, 4, GroupSize: config.SizeOrAll(config.Either("group_size", "q_group_size"), DefaultGroup), IsAlongInputs: false,
                IsInterleaved: true, LessZero: 0, IsReordered: false)
            : throw config.Wrong("zero_point", "true");
    }

    /// <summary>Where in its word a code or a zero is, in bits from the lowest.</summary>
    /// <param name="index">Its number among those of the word.</param>
    public int Shift(int index) => Bits * (IsInterleaved ? (index >> 1) | ((index & 1) << 2) : index);
}
