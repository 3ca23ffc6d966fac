namespace IlZo.Checkpoints.Torch;

/// <summary>
/// What a checkpoint's pickle may name, and what it makes: tensors, their storages and ordered dictionaries. Everything else is refused by
/// its name, and nothing is executed.
/// Source: pytorch/pytorch torch/_utils.py (_rebuild_tensor_v2, _rebuild_parameter), torch/serialization.py (persistent_load).
/// </summary>
internal static class TorchObjects
{
    /// <summary>The types of storages, and the safetensors type of each.</summary>
    public static IReadOnlyDictionary<string, string> Storages { get; } = new Dictionary<string, string>(StringComparer.Ordinal)
    {
        ["torch.FloatStorage"] = "F32",
        ["torch.HalfStorage"] = "F16",
        ["torch.BFloat16Storage"] = "BF16",
        ["torch.DoubleStorage"] = "F64",
        ["torch.LongStorage"] = "I64",
        ["torch.IntStorage"] = "I32",
        ["torch.ShortStorage"] = "I16",
        ["torch.CharStorage"] = "I8",
        ["torch.ByteStorage"] = "U8",
        ["torch.BoolStorage"] = "BOOL",
    };

    /// <summary>What may be called.</summary>
    public static IReadOnlyList<string> Functions { get; } = [OrderedDictionary, RebuildTensor, RebuildParameter];

    // torch's own limit.
    private const int MostDimensions = 64;

    private const string OrderedDictionary = "collections.OrderedDict";
    private const string RebuildTensor = "torch._utils._rebuild_tensor_v2";
    private const string RebuildParameter = "torch._utils._rebuild_parameter";

    /// <summary>A name that stands in a pickle; null where a checkpoint needs none of that name.</summary>
    public static PickleGlobal? Global(string module, string name)
    {
        var global = new PickleGlobal(module, name);
        return Storages.ContainsKey(global.ToString()) || Functions.Contains(global.ToString()) ? global : null;
    }

    /// <summary>The storage that a persistent id names; null where it names none.</summary>
    /// <param name="id">The word storage, the type, the file, the device and the number of elements.</param>
    public static TorchStorage? Storage(object? id) =>
        id is object?[] { Length: 5 } parts && parts is ["storage", PickleGlobal type, string key, string, long count] && count >= 0
            && Storages.TryGetValue(type.ToString(), out string? stored)
            ? new TorchStorage(stored, key, count)
            : null;

    /// <summary>What a call makes; null where the arguments are not those of a checkpoint.</summary>
    public static object? Call(object? function, object? arguments) => (function as PickleGlobal)?.ToString() switch
    {
        OrderedDictionary when arguments is object?[] { Length: 0 } => new PickleDictionary(),
        RebuildTensor when arguments is object?[] { Length: 6 or 7 } parts
            && parts[..4] is [TorchStorage storage, long offset, object?[] shape, object?[] strides] =>
            Tensor(storage, offset, shape, strides),
        RebuildParameter when arguments is object?[] { Length: 3 } and [TorchTensor tensor, ..] => tensor,
        _ => null,
    };

    private static TorchTensor? Tensor(TorchStorage storage, long offset, object?[] shape, object?[] strides) =>
        shape.Length == strides.Length && shape.Length <= MostDimensions && Array.TrueForAll(shape, s => s is >= 0L)
            && Array.TrueForAll(strides, s => s is >= 0L) && offset >= 0
            ? new TorchTensor(storage, offset, [.. shape.Select(s => (long)s!)], [.. strides.Select(s => (long)s!)])
            : null;
}
