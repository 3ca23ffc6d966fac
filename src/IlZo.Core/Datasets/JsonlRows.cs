using System.Text.Json;
using IlZo.Files;
using IlZo.Tasks;

namespace IlZo.Datasets;

/// <summary>The rows of a file of JSON lines.</summary>
internal sealed class JsonlRows(JsonlReader reader) : RowSource
{
    public JsonlRows(string path)
        : this(JsonlReader.Open(path))
    {
    }

    public override long Position => reader.LineNumber;

    public override DataRow? Next()
    {
        if (!reader.Read())
        {
            return null;
        }

        using var document = Document();
        return new DataRow(reader.Where, (OrderedDictionary<string, object?>)JsonValues.Of(document.RootElement, reader.Error)!);
    }

    // A .json file may also be an array, or was meant to be one.
    private JsonDocument Document()
    {
        try
        {
            return reader.ParseObject();
        }
        catch (InvalidInputException e) when (reader.LineNumber == 1 && TextFile.ContentExtension(reader.Name) == ".json")
        {
            throw new InvalidInputException($"{e.Message.TrimEnd('.')}, or an array of objects.", e);
        }
    }

    public override void Dispose() => reader.Dispose();
}
