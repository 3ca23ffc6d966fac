using System.Buffers.Binary;
using System.Text;

namespace IlZo.Checkpoints.Torch;

/// <summary>
/// Reads the pickle of a checkpoint: the operations that torch.save writes for tensors in dictionaries, and no others. Values are data,
/// names are looked up in a list (<see cref="TorchObjects"/>), and nothing is executed. Every operation makes one value at most, so that
/// memory is bounded by the pickle's length. Source: CPython, Lib/pickle.py; pytorch/pytorch torch/_weights_only_unpickler.py.
/// </summary>
internal ref struct PickleReader
{
    private const int NewestProtocol = 5;

    // pickle's own limit of how deep nothing needs to be: sizes and ids are shorter.
    private const int LongestInteger = sizeof(long);

    private static readonly UTF8Encoding s_utf8 = new(false, throwOnInvalidBytes: true);

    // Where a mark was set; no value of a pickle is this object.
    private static readonly object s_mark = new();

    private readonly string _file;
    private readonly ReadOnlySpan<byte> _pickle;
    private readonly List<object?> _stack = [];
    private readonly Dictionary<uint, object?> _memo = [];
    private int _at;
    private int _operation;

    private PickleReader(string file, ReadOnlySpan<byte> pickle)
    {
        _file = file;
        _pickle = pickle;
    }

    /// <summary>The operations that are read.</summary>
    public static IReadOnlyList<PickleOpcode> Known { get; } =
    [
        PickleOpcode.PROTO, PickleOpcode.FRAME, PickleOpcode.STOP, PickleOpcode.MARK, PickleOpcode.NONE, PickleOpcode.NEWTRUE,
        PickleOpcode.NEWFALSE,
        PickleOpcode.BININT, PickleOpcode.BININT1, PickleOpcode.BININT2, PickleOpcode.LONG1, PickleOpcode.BINFLOAT, PickleOpcode.BINUNICODE,
        PickleOpcode.SHORT_BINUNICODE, PickleOpcode.EMPTY_LIST, PickleOpcode.APPEND, PickleOpcode.APPENDS, PickleOpcode.EMPTY_TUPLE,
        PickleOpcode.TUPLE,
        PickleOpcode.TUPLE1, PickleOpcode.TUPLE2, PickleOpcode.TUPLE3, PickleOpcode.EMPTY_DICT, PickleOpcode.SETITEM, PickleOpcode.SETITEMS,
        PickleOpcode.BINPUT, PickleOpcode.LONG_BINPUT, PickleOpcode.MEMOIZE, PickleOpcode.BINGET, PickleOpcode.LONG_BINGET,
        PickleOpcode.GLOBAL,
        PickleOpcode.STACK_GLOBAL, PickleOpcode.BINPERSID, PickleOpcode.REDUCE, PickleOpcode.BUILD,
    ];

    /// <summary>The value of a pickle.</summary>
    /// <param name="file">The file, for messages.</param>
    /// <param name="pickle">The pickle.</param>
    /// <exception cref="InvalidInputException">It holds anything but tensors and the dictionaries, lists and plain values around
    /// them.</exception>
    public static object? Read(string file, ReadOnlySpan<byte> pickle) => new PickleReader(file, pickle).Read();

    private object? Read()
    {
        while (true)
        {
            _operation = _at;
            var opcode = (PickleOpcode)Take(1)[0];
            if (opcode == PickleOpcode.STOP)
            {
                return Pop();
            }

            Apply(opcode);
        }
    }

    private void Apply(PickleOpcode opcode)
    {
        switch (opcode)
        {
            case PickleOpcode.PROTO when Take(1)[0] is var version:
                _ = version <= NewestProtocol
                    ? version
                    : throw Broken($"it is of protocol {version}, at most {NewestProtocol} was expected");
                break;
            case PickleOpcode.FRAME:
                Take(sizeof(long));
                break;
            case PickleOpcode.MARK:
                _stack.Add(s_mark);
                break;
            case PickleOpcode.NONE:
                _stack.Add(null);
                break;
            case PickleOpcode.NEWTRUE or PickleOpcode.NEWFALSE:
                _stack.Add(opcode == PickleOpcode.NEWTRUE);
                break;
            case PickleOpcode.BININT:
                _stack.Add((long)BinaryPrimitives.ReadInt32LittleEndian(Take(sizeof(int))));
                break;
            case PickleOpcode.BININT1:
                _stack.Add((long)Take(1)[0]);
                break;
            case PickleOpcode.BININT2:
                _stack.Add((long)BinaryPrimitives.ReadUInt16LittleEndian(Take(sizeof(ushort))));
                break;
            case PickleOpcode.LONG1:
                _stack.Add(Integer(Take(Take(1)[0])));
                break;
            case PickleOpcode.BINFLOAT:
                _stack.Add(BinaryPrimitives.ReadDoubleBigEndian(Take(sizeof(double))));
                break;
            case PickleOpcode.BINUNICODE:
                _stack.Add(Text(Take(BinaryPrimitives.ReadUInt32LittleEndian(Take(sizeof(uint))))));
                break;
            case PickleOpcode.SHORT_BINUNICODE:
                _stack.Add(Text(Take(Take(1)[0])));
                break;
            case PickleOpcode.BINPUT or PickleOpcode.LONG_BINPUT or PickleOpcode.MEMOIZE:
                uint place = opcode == PickleOpcode.MEMOIZE ? (uint)_memo.Count : Index(opcode == PickleOpcode.LONG_BINPUT);
                _memo[place] = Top();
                break;
            case PickleOpcode.BINGET or PickleOpcode.LONG_BINGET:
                uint index = Index(opcode == PickleOpcode.LONG_BINGET);
                _stack.Add(
                    _memo.TryGetValue(index, out object? known) ? known : throw Broken($"it takes value {index}, which it has not kept"));
                break;
            default:
                ApplyToObjects(opcode);
                break;
        }
    }

    private void ApplyToObjects(PickleOpcode opcode)
    {
        switch (opcode)
        {
            case PickleOpcode.EMPTY_LIST:
                _stack.Add(new PickleList());
                break;
            case PickleOpcode.APPEND or PickleOpcode.APPENDS:
                object?[] items = opcode == PickleOpcode.APPEND ? [Pop()] : PopToMark();
                Top<PickleList>("a list").Items.AddRange(items);
                break;
            case PickleOpcode.EMPTY_TUPLE:
                _stack.Add(Array.Empty<object?>());
                break;
            case PickleOpcode.TUPLE:
                _stack.Add(PopToMark());
                break;
            case PickleOpcode.TUPLE1 or PickleOpcode.TUPLE2 or PickleOpcode.TUPLE3:
                object?[] tuple = new object?[opcode - PickleOpcode.TUPLE1 + 1];
                for (int i = tuple.Length - 1; i >= 0; i--)
                {
                    tuple[i] = Pop();
                }

                _stack.Add(tuple);
                break;
            case PickleOpcode.EMPTY_DICT:
                _stack.Add(new PickleDictionary());
                break;
            case PickleOpcode.SETITEM or PickleOpcode.SETITEMS:
                Set(opcode == PickleOpcode.SETITEMS ? PopToMark() : [.. new[] { Pop(), Pop() }.Reverse()]);
                break;
            case PickleOpcode.GLOBAL:
                _stack.Add(Named(Line(), Line()));
                break;
            case PickleOpcode.STACK_GLOBAL:
                string name = Pop<string>("a name");
                _stack.Add(Named(Pop<string>("a module's name"), name));
                break;
            case PickleOpcode.BINPERSID:
                _stack.Add(
                    TorchObjects.Storage(Pop()) ?? throw Broken("it names something outside it that is not a storage of a known type"));
                break;
            case PickleOpcode.REDUCE:
                object? arguments = Pop();
                object? function = Pop();
                _stack.Add(TorchObjects.Call(function, arguments) ?? throw Broken(
                    $"it calls {Shown(function)} in another way than a checkpoint does"));
                break;
            case PickleOpcode.BUILD:
                // The versions of modules that state_dict() puts on its dictionary; they change no tensor.
                Pop();
                Top<PickleDictionary>("a dictionary, whose attributes it sets,");
                break;
            default:
                throw Broken(Enum.IsDefined(opcode)
                    ? $"it holds the operation {opcode}, which no checkpoint of tensors needs"
                    : $"it holds the byte 0x{(byte)opcode:x2}, which is not an operation");
        }
    }

    private readonly void Set(object?[] pairs)
    {
        if (pairs.Length % 2 != 0)
        {
            throw Broken("it sets a key of a dictionary without a value");
        }

        var dictionary = Top<PickleDictionary>("a dictionary");
        for (int i = 0; i < pairs.Length; i += 2)
        {
            dictionary.Entries.Add((pairs[i], pairs[i + 1]));
        }
    }

    private readonly PickleGlobal Named(string module, string name) => TorchObjects.Global(module, name) ?? throw Broken(
        $"it names {SafetensorsHeader.Printable($"{module}.{name}")}, which no checkpoint of tensors needs");

    private uint Index(bool isLong) => isLong ? BinaryPrimitives.ReadUInt32LittleEndian(Take(sizeof(uint))) : Take(1)[0];

    private readonly object? Top() =>
        _stack.Count > 0 && _stack[^1] != s_mark ? _stack[^1] : throw Broken("it takes a value where there is none");

    private readonly T Top<T>(string expected)
        where T : class => Top() as T ?? throw Broken($"{expected} was expected where it holds something else");

    private readonly object? Pop()
    {
        object? value = Top();
        _stack.RemoveAt(_stack.Count - 1);
        return value;
    }

    private readonly T Pop<T>(string expected)
        where T : class => Pop() as T ?? throw Broken($"{expected} was expected where it holds something else");

    private readonly object?[] PopToMark()
    {
        int mark = _stack.LastIndexOf(s_mark);
        if (mark < 0)
        {
            throw Broken("it takes values up to a mark that was not set");
        }

        object?[] values = [.. _stack.Skip(mark + 1)];
        _stack.RemoveRange(mark, _stack.Count - mark);
        return values;
    }

    private readonly long Integer(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length > LongestInteger)
        {
            throw Broken($"it holds an integer of {bytes.Length} bytes, at most {LongestInteger} were expected");
        }

        long value = bytes.Length > 0 && bytes[^1] >= 0x80 ? -1 : 0;
        for (int i = bytes.Length - 1; i >= 0; i--)
        {
            value = (value << 8) | bytes[i];
        }

        return value;
    }

    private readonly string Text(ReadOnlySpan<byte> bytes)
    {
        try
        {
            return s_utf8.GetString(bytes);
        }
        catch (DecoderFallbackException e)
        {
            throw new InvalidInputException(Broken("it holds a text that is not UTF-8").Message, e);
        }
    }

    private string Line()
    {
        int length = _pickle[_at..].IndexOf((byte)'\n');
        string line = length >= 0 ? Text(_pickle.Slice(_at, length)) : throw Broken("it ends within a name");
        _at += length + 1;
        return line;
    }

    private ReadOnlySpan<byte> Take(uint count)
    {
        if (count > (uint)(_pickle.Length - _at))
        {
            throw Broken("it ends within an operation");
        }

        var taken = _pickle.Slice(_at, (int)count);
        _at += (int)count;
        return taken;
    }

    private static string Shown(object? function) =>
        function is PickleGlobal global ? global.ToString() : "something that is not a function";

    private readonly InvalidInputException Broken(string problem) => new(
        $"'{_file}' cannot be read, since in its pickle, at byte {_operation}, {problem}; a dictionary of tensors was expected, as "
            + "save_pretrained writes one.");
}
