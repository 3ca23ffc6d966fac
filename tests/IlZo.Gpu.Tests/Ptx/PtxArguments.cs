using System.Reflection;
using System.Runtime.InteropServices;
using ILGPU;
using ILGPU.Runtime;

namespace IlZo.Gpu.Tests.Ptx;

/// <summary>
/// The arguments of a launch as the bytes that kernels made by ILGPU read: the fields of structures in order, each at a multiple of its
/// size, a view as its address and its length. What the views show is the memory that the launch may access.
/// </summary>
internal sealed class PtxArguments
{
    private static readonly MethodInfo s_addView =
        typeof(PtxArguments).GetMethod(nameof(AddView), BindingFlags.NonPublic | BindingFlags.Instance)!;

    private readonly List<byte> _bytes = [];
    private readonly List<(ulong Start, ulong End)> _views = [];

    public PtxArguments(params IReadOnlyList<object> arguments)
    {
        foreach (object argument in arguments)
        {
            Add(argument);
        }
    }

    public ReadOnlySpan<byte> Bytes => CollectionsMarshal.AsSpan(_bytes);

    public IReadOnlyList<(ulong Start, ulong End)> Views => _views;

    private static bool IsView(Type type) => type.IsGenericType && type.GetGenericTypeDefinition() == typeof(ArrayView<>);

    // In the order of their declaration, as ILGPU takes them: what reflection gives has no order, and another one when threads ask at once.
    private static IEnumerable<FieldInfo> Fields(Type type) =>
        type.GetFields(BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance).OrderBy(f => f.MetadataToken);

    private static int Alignment(Type type) =>
        IsView(type)
            ? sizeof(long)
            : type.IsPrimitive ? Marshal.SizeOf(type) : Fields(type).Select(f => Alignment(f.FieldType)).DefaultIfEmpty(1).Max();

    private void Add(object value)
    {
        var type = value.GetType();
        Align(Alignment(type));
        if (IsView(type))
        {
            s_addView.MakeGenericMethod(type.GetGenericArguments()).Invoke(this, [value]);
        }
        else if (type.IsPrimitive)
        {
            _bytes.AddRange(value switch
            {
                int number => BitConverter.GetBytes(number),
                uint number => BitConverter.GetBytes(number),
                long number => BitConverter.GetBytes(number),
                ulong number => BitConverter.GetBytes(number),
                float number => BitConverter.GetBytes(number),
                double number => BitConverter.GetBytes(number),
                _ => throw new NotSupportedException($"{type.Name} is no type of arguments."),
            });
        }
        else
        {
            int start = _bytes.Count;
            foreach (var field in Fields(type))
            {
                Add(field.GetValue(value)!);
            }

            // A structure without fields is a byte.
            if (_bytes.Count == start)
            {
                _bytes.Add(0);
            }

            Align(Alignment(type));
        }
    }

    private void AddView<T>(ArrayView<T> view)
        where T : unmanaged
    {
        ulong start = view.IsValid ? (ulong)view.LoadEffectiveAddressAsPtr() : 0;
        _bytes.AddRange(BitConverter.GetBytes(start));
        _bytes.AddRange(BitConverter.GetBytes(view.Length));
        _views.Add((start, start + (ulong)view.LengthInBytes));
    }

    private void Align(int alignment)
    {
        while (_bytes.Count % alignment != 0)
        {
            _bytes.Add(0);
        }
    }
}
