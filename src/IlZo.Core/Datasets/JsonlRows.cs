using System.Text.Json;
using IlZo.Tasks;
using IlZo.Tokenization.ChatTemplates;

namespace IlZo.Datasets;

/// <summary>The rows of a file of JSON lines.</summary>
internal sealed class JsonlRows(string path) : RowSource
{
    private readonly JsonlReader _reader = JsonlReader.Open(path);

    public override int Line => _reader.LineNumber;

    public override DataRow? Next()
    {
        if (!_reader.Read())
        {
            return null;
        }

        if (_reader.LineNumber == 1 && _reader.Line.Span.TrimStart(" \t"u8) is [(byte)'[', ..])
        {
            throw _reader.Error("begins a JSON array; one JSON object a line was expected, as jq -c '.[]' makes of it");
        }

        using var document = _reader.ParseObject();
        RefuseDuplicates(document.RootElement);
        return new DataRow(_reader.Where, (OrderedDictionary<string, object?>)TemplateValue.FromJson(document.RootElement)!);
    }

    public override void Dispose() => _reader.Dispose();

    private void RefuseDuplicates(JsonElement value)
    {
        if (value.ValueKind == JsonValueKind.Array)
        {
            foreach (var item in value.EnumerateArray())
            {
                RefuseDuplicates(item);
            }
        }
        else if (value.ValueKind == JsonValueKind.Object)
        {
            var names = new HashSet<string>(StringComparer.Ordinal);
            foreach (var member in value.EnumerateObject())
            {
                if (!names.Add(member.Name))
                {
                    throw _reader.Error($"has \"{member.Name}\" twice; every name once was expected");
                }

                RefuseDuplicates(member.Value);
            }
        }
    }
}
