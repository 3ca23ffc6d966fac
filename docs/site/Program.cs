using IlZo.Site;

if (args.Length != 2)
{
    Console.Error.WriteLine("usage: dotnet run --project docs/site -- REPOSITORY FOLDER");
    return 2;
}

int pages = SiteWriter.Write(Path.GetFullPath(args[0]), Path.GetFullPath(args[1]));
Console.WriteLine($"{pages} pages; {Path.Combine(args[1], SiteWriter.StartPage)} is the first.");
return 0;
