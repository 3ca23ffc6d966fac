namespace IlZo.Checkpoints.Torch;

/// <summary>A Python list.</summary>
internal sealed class PickleList
{
    public List<object?> Items { get; } = [];
}

/// <summary>A Python dictionary, ordered or not; its entries in the order in which they were set.</summary>
internal sealed class PickleDictionary
{
    public List<(object? Key, object? Value)> Entries { get; } = [];
}

/// <summary>A class or function of a Python module that a checkpoint may name; nothing is ever called.</summary>
/// <param name="Module">The module.</param>
/// <param name="Name">The name in it.</param>
internal sealed record PickleGlobal(string Module, string Name)
{
    public override string ToString() => $"{Module}.{Name}";
}

/// <summary>Elements of one type that tensors are views of.</summary>
/// <param name="Type">The type, by its name in safetensors.</param>
/// <param name="Key">The file of the archive that they are in.</param>
/// <param name="Count">How many there are.</param>
internal sealed record TorchStorage(string Type, string Key, long Count);

/// <summary>A view of a storage.</summary>
/// <param name="Storage">The elements.</param>
/// <param name="Offset">The first element.</param>
/// <param name="Shape">The dimensions, outermost first.</param>
/// <param name="Strides">How many elements a step along each dimension is.</param>
internal sealed record TorchTensor(TorchStorage Storage, long Offset, long[] Shape, long[] Strides);
